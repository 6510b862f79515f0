import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { memoryStore, type NearDict, openDict, type Store } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { connectCluster, type TestClusterClient } from '../support/clusterClients.ts';
import { type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';

interface Row {
  readonly input: string;
  readonly call: (handle: NearDict) => unknown;
  readonly code: string;
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

const keys: readonly (readonly [input: string, key: unknown])[] = [
  ['the empty string', ''],
  ['a lone surrogate', 'a\ud800'],
  ['more than 1 kB', 'k'.repeat(1025)],
  ['a number', 5],
  ['a symbol', Symbol('key')],
];
const values: readonly (readonly [input: string, value: unknown, code?: string])[] = [
  ['undefined', undefined],
  ['a function', () => {}],
  ['a symbol', Symbol('value')],
  ['an object with a method then', { then() {} }],
  ['a promise', Promise.resolve(1)],
  [
    'an instance of a class',
    new (class Foo {
      x = 1;
    })(),
  ],
  ['a regular expression', /a/],
  ['an error', new Error('x')],
  // oxlint-disable-next-line no-sparse-arrays -- this is what is tested
  ['a sparse array', [1, , 3]],
  ['a Map', new Map()],
  ['a Set', new Set()],
  ['a bigint beyond 64 bits', 10n ** 30n],
  ['a lone surrogate', 'a\ud800'],
  ['an own __proto__', JSON.parse('{ "__proto__": 1 }')],
  ['a cycle', cycle],
  ['101 levels', nested(101)],
  ['more than 1 MiB', 'x'.repeat(2 ** 20 + 1), 'ERR_NEARDICT_VALUE_TOO_LARGE'],
];

const rows: readonly Row[] = [
  ...keys
    .flatMap(([input, key]) => [
      { input: `${input} as a key of set`, call: (handle: NearDict): unknown => handle.set(key as string, 1) },
      { input: `${input} as a key of get`, call: (handle: NearDict): unknown => handle.get(key as string) },
      { input: `${input} as a key of delete`, call: (handle: NearDict): unknown => handle.delete(key as string) },
      {
        input: `${input} as a key of update`,
        call: (handle: NearDict): unknown => handle.update(key as string, () => 1),
      },
    ])
    .map((row) => ({ ...row, code: 'ERR_NEARDICT_KEY' })),
  ...values.flatMap(([input, value, code = 'ERR_NEARDICT_CODEC']) => [
    { input: `${input} as a value of set`, call: (handle: NearDict): unknown => handle.set('bad', value), code },
    {
      input: `${input} among others`,
      call: (handle: NearDict): unknown => handle.setMany({ good: 1, bad: value }),
      code,
    },
    {
      input: `${input} in an assignment`,
      call: (handle: NearDict): unknown => {
        handle.dict['bad'] = value;
        return undefined;
      },
      code,
    },
  ]),
];

/** The code of the error, be it thrown or a rejection. */
async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return 'no error';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('bad inputs', () => {
  let server: RedisServer;
  let cluster: RedisCluster;
  let client: TestClient;
  let clusterClient: TestClusterClient;
  beforeAll(async () => {
    [server, cluster] = await Promise.all([startRedis(), startCluster()]);
    client = await connectClient(server.url);
    clusterClient = await connectCluster(cluster);
  });
  afterAll(async () => {
    await client.end();
    await clusterClient.end();
    await server.stop();
    await cluster.stop();
  });

  describe.each<{ readonly where: string; readonly makeStore: () => Store }>([
    { where: 'in memory', makeStore: memoryStore },
    { where: 'on Redis', makeStore: () => redisStore(client) },
    { where: 'on a cluster', makeStore: () => redisStore(clusterClient) },
  ])('$where', ({ makeStore }) => {
    it.each(['through', 'back'] as const)(
      'are refused as what they are, and nothing is lost: write %s',
      async (write) => {
        const namespace = `bad-${write}`;
        await using handle = await openDict({ namespace, store: makeStore(), write });
        await using other = await openDict({ namespace, store: makeStore() });
        await handle.set('kept', 1);
        handle.dict['pending'] = 2;

        const met: unknown[] = [];
        for (const { input, call } of rows) met.push([input, await codeOf(() => call(handle))]);
        await handle.flush();

        expect(met).toEqual(rows.map(({ input, code }) => [input, code]));
        expect(await other.snapshot()).toEqual({ kept: 1, pending: 2 });
      },
    );

    it.each(['through', 'back'] as const)('of odd but sound keys are data: write %s', async (write) => {
      const namespace = `odd-${write}`;
      const odd = [
        '__proto__',
        'constructor',
        'then',
        'toJSON',
        '{}',
        '}{',
        '{x}',
        'a\r\nDEL b\r\n',
        'nul\0',
        '*',
        '🔑',
      ];
      await using handle = await openDict({ namespace, store: makeStore(), write });
      await using other = await openDict({ namespace, store: makeStore() });

      await handle.setMany(odd.map((key) => [key, key] as const));

      expect(new Map(Object.entries(await other.snapshot()))).toEqual(new Map(odd.map((key) => [key, key])));
      expect(await handle.deleteMany(odd)).toBe(odd.length);
      expect(await other.size()).toBe(0);
    });

    it.each(['through', 'back'] as const)(
      'after close are ClosedErrors, and close twice is one: write %s',
      async (write) => {
        const handle = await openDict({ namespace: `closed-${write}`, store: makeStore(), write });
        handle.dict['a'] = 1;

        await Promise.all([handle.close(), handle.close()]);

        expect(await codeOf(() => handle.set('a', 2))).toBe('ERR_NEARDICT_CLOSED');
        expect(await codeOf(() => handle.get('a', { fresh: true }))).toBe('ERR_NEARDICT_CLOSED');
        await using again = await openDict({ namespace: `closed-${write}`, store: makeStore() });
        expect(await again.get('a')).toBe(1);
      },
    );
  });
});
