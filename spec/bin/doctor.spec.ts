import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { runCli } from '../support/runCli.ts';

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly advice?: string;
}

/** What the doctor finds at a URL, and the exit code. */
async function examine(url: string, ...args: readonly string[]): Promise<{ code: number | null; found: Finding[] }> {
  const { code, stdout } = await runCli(url, ['doctor', '--json', '-n', 'n', ...args]);
  return {
    code,
    found: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding),
  };
}

const sick = (found: readonly Finding[]): readonly Finding[] => found.filter(({ status }) => status !== 'ok');

describe('neardict doctor', () => {
  let server: RedisServer;
  let admin: RedisAdmin;
  let dict: NearDict;
  beforeEach(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
    dict = await openDict({ namespace: 'n', store: redisStore({ url: server.url }) });
    await dict.setMany({ a: 1, b: 2 });
  });
  afterEach(async () => {
    await dict.close();
    await admin.end();
    await server.stop();
  });

  it('finds nothing where all is well, and writes nothing', async () => {
    const before = await admin.send('INFO', 'commandstats');

    const { code, found } = await examine(server.url);

    expect([code, sick(found)]).toEqual([0, []]);
    const checks = ['version', 'role', 'memory', 'clock', 'latency', 'layout', 'position', 'log', 'rights', 'feed'];
    expect([...new Set(found.map(({ check }) => check))]).toEqual(checks);
    const written = /cmdstat_(set|mset|del|lpush|ltrim|publish):calls=\d+/g;
    expect(String(await admin.send('INFO', 'commandstats')).match(written)).toEqual(String(before).match(written));
  });

  it.each([
    [
      'evicts any key',
      [
        ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
        ['CONFIG', 'SET', 'maxmemory', '1gb'],
      ],
      'fail',
      'memory',
      /allkeys-lru/,
      /noeviction/,
    ],
    [
      'would evict any key',
      [['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru']],
      'warn',
      'memory',
      /allkeys-lru/,
      /noeviction/,
    ],
    ['is full', [['CONFIG', 'SET', 'maxmemory', '500kb']], 'warn', 'memory', /% of maxmemory/, /raise/],
    ['is a replica', [['REPLICAOF', '127.0.0.1', '1']], 'fail', 'role', /replica/, /primary/],
    ['has a damaged position', [['SET', 'n#position', 'x']], 'fail', 'position', /no position/, /Delete/],
    [
      'has a foreign position',
      [
        ['DEL', 'n#position'],
        ['LPUSH', 'n#position', 'x'],
      ],
      'fail',
      'position',
      /no position/,
      /Delete/,
    ],
    [
      'has a position that expires',
      [['EXPIRE', 'n#position', '1000']],
      'fail',
      'position',
      /time to live/,
      /PERSIST n#position/,
    ],
    ['has a layout that expires', [['EXPIRE', 'n#meta', '1000']], 'fail', 'layout', /time to live/, /PERSIST n#meta/],
    ['has lost its log', [['DEL', 'n#log']], 'warn', 'log', /does not reach/, /mends itself/],
    ['has a foreign log', [['SET', 'n#log', 'x']], 'warn', 'log', /no list/, /Delete/],
  ])('says what to do when it %s', async (_name, commands, status, check, message, advice) => {
    for (const command of commands) await admin.send(...command);

    const { code, found } = await examine(server.url);

    const others = sick(found).filter((finding) => finding.check !== check && finding.check !== 'feed');
    expect([code, others]).toEqual([status === 'fail' ? 1 : 0, []]);
    expect(found).toContainEqual({
      ...{ check, status, message: expect.stringMatching(message), advice: expect.stringMatching(advice) },
    });
  });

  it('says what a user may not do, and never a password', async () => {
    const reading = ['-@all', '+get', '+mget', '+pttl', '+lrange', '+client', '+subscribe'];
    await admin.send('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', 'resetchannels', '&n/*', ...reading);
    await admin.send('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', 'resetchannels', '+@all');
    const urlOf = (user: string): string => server.url.replace('://', `://${user}:secret@`);

    const [reader, deaf] = [await examine(urlOf('reader')), await examine(urlOf('deaf'))];
    const nobody = await runCli(urlOf('nobody'), ['doctor']);

    expect(reader.code).toBe(0);
    expect(sick(reader.found).map(({ check, status }) => `${check} ${status}`)).toEqual([
      ...['server warn', 'clock warn', 'latency warn', 'rights warn'],
    ]);
    expect([deaf.code, sick(deaf.found).map(({ check }) => check)]).toEqual([1, ['rights', 'feed']]);
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('refused the credentials') });
    expect(JSON.stringify([reader, deaf, nobody])).not.toContain('secret');
  });

  it('looks at the server alone where no namespace is named', async () => {
    const { code, stdout } = await runCli(server.url, ['doctor', '--json']);
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding);

    expect([code, found.map(({ check }) => check)]).toEqual([0, ['version', 'role', 'memory', 'clock', 'latency']]);
  });

  it('says when there is no such namespace', async () => {
    const { code, found } = await examine(server.url, '-n', 'nobody');

    expect([code, sick(found)]).toEqual([1, [expect.objectContaining({ check: 'layout', status: 'fail' })]]);
  });

  it('is joined by stats, which count', async () => {
    await dict.set('long', 'x'.repeat(100), { ttl: '1h' });

    const { stdout } = await runCli(server.url, ['stats', '-n', 'n', '--json']);

    expect(JSON.parse(stdout)).toEqual({
      ...{ namespace: 'n', keys: 3, bytes: 104, expiring: 1, largest: { key: 'long', bytes: 102 }, calls: 2 },
      ...{ partitions: 1, codec: 'msgpack' },
    });
  });
});

describe('neardict doctor of a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  it('looks at every server and every partition', async () => {
    await using dict = await openDict({ namespace: 'n', store: redisStore({ rootNodes: cluster.rootNodes }) });
    await dict.setMany(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key ${index}`, index])));

    const { code, found } = await examine(cluster.rootNodes[0]?.url ?? '');

    expect([code, sick(found)]).toEqual([0, []]);
    expect(found.filter(({ check }) => check === 'version')).toHaveLength(3);
    expect(found).toContainEqual(expect.objectContaining({ message: '64 partitions, values are msgpack.' }));
  });
});
