import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AmbiguousWriteError,
  ConfigError,
  ConnectTimeoutError,
  type NearDict,
  openDict,
  UnavailableError,
} from 'neardict';
import pg from 'pg';
import { type BuiltPackage, copyBuilt } from '../support/builtPackage.ts';
import { startProxy } from '../support/faultProxy.ts';
import { type PostgresServer, postgresStore, START_TIMEOUT_MS, startPostgres } from '../support/postgresServer.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

const CONTRACT_TIMEOUT_MS = 240_000;

describe('the store of examples/custom-store', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await server.remove();
  });

  /** What an operator says to the server. */
  async function ask(text: string, ...values: readonly unknown[]): Promise<Record<string, unknown>[]> {
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    try {
      const { rows } = await admin.query(text, [...values]);
      return rows as Record<string, unknown>[];
    } finally {
      await admin.end();
    }
  }

  async function open(namespace: string): Promise<NearDict<Numbers>> {
    return openDict({ namespace, store: await postgresStore(server.url), maxStaleness: 500, connectTimeout: 40_000 });
  }

  describe('as users have it', () => {
    let built: BuiltPackage;
    beforeAll(async () => {
      built = await copyBuilt();
      await built.add('examples');
    });
    afterAll(async () => {
      await built.remove();
    });

    it(
      'keeps the contract of stores',
      async () => {
        const env = { DATABASE_URL: server.url };
        const args = ['--test', '--test-reporter=tap', 'examples/custom-store/contract.node.js'];
        const { code, stdout } = await built.node(args, env, CONTRACT_TIMEOUT_MS - 10_000);

        // The cases that failed, with their reasons.
        expect(stdout.match(/^ *not ok [^]*?\n *\.\.\./gm) ?? []).toEqual([]);
        expect(stdout).toMatch(/\n *ok \d+ - a feed that is cut/);
        expect(code).toBe(0);
      },
      CONTRACT_TIMEOUT_MS,
    );

    it('shares a dictionary between two processes, on a server of its own and on one that is there', async () => {
      for (const env of [{}, { DATABASE_URL: server.url }]) {
        const { code, stdout, stderr } = await built.node(['examples/custom-store/main.js'], env);

        expect({ code, stdout, stderr }).toEqual({
          code: 0,
          stdout: 'read: hello from the other process\n',
          stderr: '',
        });
      }
    }, 120_000);
  });

  it('goes on when its connection for messages is ended, and shows what was written meanwhile', async () => {
    await using reader = await open('ended');
    await using writer = await open('ended');
    await writer.set('a', 1);
    await until('it is cached', async () => (await reader.get('a')) === 1 && reader.peek('a') === 1);

    await ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'neardict-feed'");
    await writer.set('a', 2);
    await until('the write is seen', async () => (await reader.get('a')) === 2);
    await writer.set('a', 3);

    await until('it is cached', async () => (await reader.get('a')) === 3 && reader.peek('a') === 3);
    expect(await writer.get('a')).toBe(3);
  });

  it('serves nothing stale while the server is gone, and goes on when it is back', async () => {
    await using reader = await open('restarted');
    await using writer = await open('restarted');
    await writer.set('a', 1);
    await until('it is cached', async () => (await reader.get('a')) === 1 && reader.peek('a') === 1);

    await server.stop();
    await until('nothing cached counts', () => reader.peek('a') === undefined);
    const lost = await Promise.allSettled([reader.get('a'), writer.set('a', 2)]);
    await server.start();

    expect(lost).toEqual([
      { status: 'rejected', reason: expect.any(UnavailableError) },
      { status: 'rejected', reason: expect.any(UnavailableError) },
    ]);
    await until('it is back', () => reader.state === 'coherent' && writer.state === 'coherent');
    await writer.set('a', 3);
    await until('the write is seen', async () => (await reader.get('a')) === 3);
  });

  it('tells of a write that was committed and not answered that its outcome is not known, and knows its ticket', async () => {
    const layout = { partitions: 1, hash: 'fnv1a', codec: 'msgpack' };
    const options = { namespace: 'lost', layout, inlineBytes: 256, tracking: false, origin: 7 };
    const batch = { deletes: [], sets: [['a', Buffer.from('1')] as const], clear: false };
    const ticketed = { ...batch, ticket: { holder: 7, number: 1 } };
    const inMs = (ms: number): number => performance.now() + ms;
    const proxy = await startProxy(Number(new URL(server.url).port));
    const proxied = Object.assign(new URL(server.url), { port: new URL(proxy.url).port });
    const space = await (await postgresStore(proxied.href)).open(options, inMs(20_000));

    proxy.lose('data', 'down');
    const failure = await space.write(0, ticketed, inMs(1500)).catch((error: unknown) => error);
    const committed = "SELECT seq FROM neardict.positions WHERE namespace = 'lost'";
    await until('it is committed', async () => (await ask(committed)).length === 1);
    const again = await space.write(0, ticketed, inMs(20_000));
    await space.close();
    await proxy.stop();

    expect(failure).toBeInstanceOf(AmbiguousWriteError);
    expect(again).toMatchObject({ isRepeated: true, position: { seq: 1 } });
  });

  it('tells of a write whose connection the server ends that its outcome is not known', async () => {
    await using handle = await open('locked');
    await handle.set('a', 1);
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await admin.query("BEGIN; SELECT * FROM neardict.positions WHERE namespace = 'locked' FOR UPDATE");

    const ended = handle.set('a', 2).catch((error: unknown) => error);
    const waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%neardict.write%'";
    await until('it waits', async () => (await ask(`SELECT pid ${waiting}`)).length === 1);
    await ask(`SELECT pg_terminate_backend(pid) ${waiting}`);
    const failure = await ended;
    await admin.end();

    expect(failure).toBeInstanceOf(AmbiguousWriteError);
  });

  it('tells of a write that the server refuses that it was not done, and nothing of what is stored', async () => {
    await using handle = await openDict<Record<string, string>>({
      namespace: 'refused',
      store: await postgresStore(server.url),
    });
    await ask("ALTER TABLE neardict.entries ADD CONSTRAINT full_house CHECK (namespace <> 'refused')");

    const failure = await handle.set('a', 'secret').catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(UnavailableError);
    expect(String(failure)).toContain('full_house');
    expect(inspect(failure)).not.toContain('Failing row');
  });

  it('says what is wrong with a connection, and shows no password', async () => {
    await expect(postgresStore('postgres://ada:secret@[broken')).rejects.toThrow(ConfigError);
    const url = Object.assign(new URL(server.url), { password: 'secret' });
    const stranger = await postgresStore(url.href);
    const refused = await openDict({ namespace: 'x', store: stranger }).catch((error: unknown) => error);
    const nobody = await postgresStore('postgres://ada:secret@127.0.0.1:1/x');
    const absent = await openDict({ namespace: 'x', store: nobody, connectTimeout: 300 }).catch(
      (error: unknown) => error,
    );

    expect(refused).toMatchObject({ cause: { code: '28P01' } });
    expect(absent).toBeInstanceOf(ConnectTimeoutError);
    expect(inspect([refused, absent])).not.toContain('secret');
  });
});
