import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict, type Store } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { runCli } from '../support/runCli.ts';

type Numbers = Record<string, number>;

const values: Numbers = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key ${index}`, index]));

describe('neardict migrate', () => {
  let server: RedisServer;
  let cluster: RedisCluster;
  let namespace = 'n';
  let from: string;
  let to: string;
  beforeAll(async () => {
    server = await startRedis('--user', 'ada', 'on', '>secret', '~*', '&*', '+@all');
    cluster = await startCluster();
    from = server.url.replace('://', '://ada:secret@');
    to = cluster.rootNodes[0]?.url ?? '';
  });
  beforeEach(() => {
    namespace += 'n';
  });
  afterAll(async () => {
    await cluster.stop();
    await server.stop();
  });

  async function run(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const { code, stdout, stderr } = await runCli('', args);
    return { code, output: stdout + stderr };
  }

  function migrate(...more: readonly string[]): ReturnType<typeof run> {
    return run('migrate', '--from', from, '--to', to, '--namespace', namespace, ...more);
  }

  function open(store: Store, partitions?: number): Promise<NearDict<Numbers>> {
    return openDict<Numbers>({ namespace, store, partitions, connectTimeout: 30_000, timeout: 30_000 });
  }
  const openOld = (): ReturnType<typeof open> => open(redisStore({ url: from }));
  const openNew = (): ReturnType<typeof open> => open(redisStore({ rootNodes: cluster.rootNodes }));

  it('copies a namespace from a server to a cluster, with what it has left to live, and leaves the source as it is', async () => {
    await using old = await openOld();
    await old.setMany(values);
    await old.set('short', 1, { ttl: '1h' });

    const { code, output } = await migrate();

    expect([code, output]).toEqual([0, expect.stringContaining('Copied 1001 keys into 64 partitions; 0 were there.')]);
    expect(output).toContain('Compared: 1001 are equal, 0 differ, 0 are missing.');
    expect(output).not.toContain('secret');
    await using now = await openNew();
    expect(await now.snapshot()).toEqual({ ...values, short: 1 });
    const expiresAt = (await now.getEntry('short'))?.expiresAt ?? 0;
    expect(expiresAt).toBeGreaterThan(Date.now() + 3_000_000);
    expect(expiresAt).toBeLessThan(Date.now() + 3_700_000);
    expect(await old.size()).toBe(1001);
  });

  it('may be run again: adds what is new, and leaves what the target has changed unless it is told to overwrite', async () => {
    await using old = await openOld();
    await old.setMany({ a: 1, b: 1 });
    await migrate();
    await using now = await openNew();
    await now.get('a');
    await now.set('a', 2);
    await old.set('c', 1);

    const again = await migrate();

    expect(again.code).toBe(1);
    expect(again.output).toContain('Copied 1 keys');
    expect(again.output).toContain('2 are equal, 1 differ, 0 are missing');
    expect(await now.snapshot()).toEqual({ a: 2, b: 1, c: 1 });

    expect((await migrate('--overwrite')).code).toBe(0);
    expect(await now.get('a', { fresh: true })).toBe(1);
  });

  it('goes the other way, into as many partitions as it is told', async () => {
    await using now = await openNew();
    await now.setMany(values);

    const { code } = await run('migrate', '--from', to, '--to', from, '--namespace', namespace, '--partitions', '4');

    expect(code).toBe(0);
    await using old = await open(redisStore({ url: from }), 4);
    expect(await old.snapshot()).toEqual(values);
  });

  it('says what is wrong, and never a password', async () => {
    const [ended, nobody] = [['--to', to, '--namespace', namespace], from.replace('secret', 'secret2')];
    const [nothing, unknown, noSource, badCount, noNamespace, badUrl, badPassword] = await Promise.all([
      run(),
      run('toString'),
      run('migrate', ...ended),
      migrate('--partitions', '0'),
      migrate(),
      run('migrate', '--from', 'http://ada:secret@x', ...ended),
      run('migrate', '--from', nobody, ...ended),
    ]);
    const ends = { nothing, unknown, noSource, badCount, noNamespace, badUrl, badPassword };

    expect(Object.values(ends).map(({ code }) => code)).toEqual([2, 2, 2, 2, 1, 1, 1]);
    expect(ends.nothing.output).toContain('neardict migrate --from URL');
    expect(ends.noNamespace.output).toContain(`The source has no namespace '${namespace}'.`);
    expect(ends.badUrl.output).toContain('must be like redis://');
    expect(ends.badPassword.output).toContain('refused the credentials');
    expect(Object.values(ends).filter(({ output }) => output.includes('secret'))).toEqual([]);
  });

  it('copies nothing whose way to partitions only the program knows', async () => {
    await using old = await openDict<Numbers>({
      namespace,
      store: redisStore({ url: from }),
      partitions: 2,
      partitionBy: (key) => key,
    });
    await old.set('a', 1);

    expect((await migrate()).output).toContain('partitionBy');
  });
});
