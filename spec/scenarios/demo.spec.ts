import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltPackage, copyBuilt } from '../support/builtPackage.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';

const demo = ['examples/demo/main.js'];

describe('the demo', () => {
  let built: BuiltPackage;
  let server: RedisServer;
  beforeAll(async () => {
    built = await copyBuilt();
    await built.add('examples');
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
    await built.remove();
  });

  it('finds two handles in memory coherent', async () => {
    const { code, stdout } = await built.node(demo);

    expect(stdout).toMatch(/^coherent: yes$/m);
    expect(code).toBe(0);
  });

  it('finds two processes coherent with each other and with what is plainly in Redis', async () => {
    const { code, stdout } = await built.node(demo, { REDIS_URL: server.url });

    expect(stdout).toMatch(/Redis without neardict: 2,\d{3}$/m);
    expect(stdout).toMatch(/^coherent: yes$/m);
    expect(code).toBe(0);
  });

  it('says in one line that it finds no Redis, and fails', async () => {
    const { code, stderr } = await built.node(demo, { REDIS_URL: 'redis://127.0.0.1:1' });

    expect(stderr).toMatch(/^The demo failed: Redis did not answer .*\n$/m);
    expect(code).toBe(1);
  });
});

interface View {
  readonly name: string;
  readonly entries: Iterable<readonly [string, unknown]>;
  readonly isPartial?: boolean;
}

describe('the comparison of the demo', () => {
  let differences: (stored: ReadonlyMap<string, unknown>, view: View) => string[];
  beforeAll(async () => {
    const file = new URL('../../examples/demo/compare.js', import.meta.url);
    ({ differences } = (await import(file.href)) as { differences: typeof differences });
  });

  const table = (): Map<string, unknown> =>
    new Map([
      ['a/1', { list: [1] }],
      ['a/2', { list: [2] }],
    ]);

  it('finds nothing where every entry is equal', () => {
    expect(differences(table(), { name: 'copy', entries: table() })).toEqual([]);
  });

  it('finds an entry that is missing, one too many and one that differs inside', () => {
    const entries = new Map([
      ['a/1', { list: [2] }],
      ['a/3', { list: [3] }],
    ]);

    expect(differences(table(), { name: 'side', entries })).toEqual([
      'side: a/2 is missing',
      'side: a/3 is not in the store',
      'side: a/1 has another value',
    ]);
  });

  it('lets a partial view lack entries, and nothing else', () => {
    const entries = new Map([['a/1', { list: [2] }]]);

    expect(differences(table(), { name: 'memory', entries, isPartial: true })).toEqual([
      'memory: a/1 has another value',
    ]);
  });
});
