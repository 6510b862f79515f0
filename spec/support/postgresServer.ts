import { join } from 'node:path';
import type { Store } from 'neardict';
import { install } from './packageManager.ts';
import { freePort } from './redisServer.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/custom-store');

/** A PostgreSQL of the tests' own, as the example starts it. */
export interface PostgresServer {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

interface ServerModule {
  readonly findPostgres: () => string | undefined;
  readonly startPostgres: (bin: string, port: number) => Promise<PostgresServer>;
}

/** How long `startPostgres` may take where PostgreSQL has to be installed first. */
export const START_TIMEOUT_MS = 420_000;

/** Starts one, and installs PostgreSQL first where there is none and it may. */
export async function startPostgres(): Promise<PostgresServer> {
  const { findPostgres, startPostgres: start }: ServerModule = await import(join(EXAMPLE, 'server.js'));
  const packages = { 'apt-get': 'postgresql', dnf: 'postgresql-server', apk: 'postgresql', brew: 'postgresql' };
  const bin = findPostgres() ?? (install(packages) ? findPostgres() : undefined);
  if (bin === undefined) {
    throw new Error(
      'This test needs PostgreSQL and found none. Install it (apt-get install postgresql, dnf install postgresql-server, apk add postgresql, brew install postgresql) or set NEARDICT_POSTGRES_BIN to the folder of its programs initdb and postgres.',
    );
  }
  return start(bin, await freePort());
}

/** The store of the example. */
export async function postgresStore(connectionString: string): Promise<Store> {
  const module: { readonly postgresStore: (config: object) => Store } = await import(join(EXAMPLE, 'store.js'));
  return module.postgresStore({ connectionString });
}
