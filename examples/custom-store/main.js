// @ts-check
// A store of one's own: PostgreSQL, shared by two processes. `node examples/custom-store/main.js` starts a server for it,
// `DATABASE_URL=postgres://... node examples/custom-store/main.js` takes yours.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openDict } from 'neardict';
import { findPostgres, startPostgres } from './server.js';
import { postgresStore } from './store.js';

const namespace = 'example-custom-store';

if (process.argv[2] === 'write') await write();
else if (process.env.DATABASE_URL) await read(process.env.DATABASE_URL);
else await readOnOwnServer();

async function readOnOwnServer() {
  const bin = findPostgres();
  if (bin === undefined) {
    console.log('This example needs a server: set DATABASE_URL, or install PostgreSQL (apt-get install postgresql).');
    return;
  }
  const server = await startPostgres(bin);
  try {
    await read(server.url);
  } finally {
    await server.remove();
  }
}

/** @param {string} url */
async function read(url) {
  const shared = await openDict({ namespace, store: postgresStore({ connectionString: url }) });
  const env = { ...process.env, DATABASE_URL: url };
  const ended = once(fork(fileURLToPath(import.meta.url), ['write'], { env }), 'exit');
  for await (const { value } of shared.watch('greeting', { initial: true, signal: AbortSignal.timeout(40_000) })) {
    if (value === undefined) continue;
    console.log('read:', value);
    break;
  }
  await ended;
  await shared.clear();
  await shared.close();
}

async function write() {
  const store = postgresStore({ connectionString: process.env.DATABASE_URL });
  const shared = await openDict({ namespace, store });
  await shared.set('greeting', 'hello from the other process');
  await shared.close();
}
