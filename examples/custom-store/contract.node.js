// @ts-check
// DATABASE_URL=postgres://... node --test examples/custom-store/contract.node.js
import { after, describe, it } from 'node:test';
import { openDict } from 'neardict';
import { storeContract } from 'neardict/testing';
import pg from 'pg';
import { postgresStore } from './store.js';

const store = postgresStore({ connectionString: process.env.DATABASE_URL });
const admin = new pg.Pool({ connectionString: process.env.DATABASE_URL });
after(() => admin.end());

/** What an operator does, or a broken network. */
async function cutFeed() {
  await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'neardict-feed'");
}

// The store has connections while something is open. Cases are quicker that find them there.
const kept = await openDict({ namespace: 'kept', store });
after(() => kept.close());

describe('the store on PostgreSQL', () => {
  for (const { name, run } of storeContract(() => store, { cutFeed })) it(name, run);
});
