import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltPackage, copyBuilt, type Ended } from '../support/builtPackage.ts';
import { startCluster } from '../support/redisCluster.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';

/** A line that each example prints when it has worked. */
const examples = [
  ['hello.js', 'world'],
  ['config.js', 'later:  example.org:8080, with debug output'],
  ['mirror.js', 'later:  db.example.org:8080 { port: 8080 }'],
  ['mirrorOptions.js', 'layered: 80 true'],
  ['migrating.js', 'stored since: localhost 8080'],
  ['watch.js', '  the lamp is on'],
  ['workers.js', 'the worker has seen: hello, then good morning'],
  ['nodeCluster.js', 'the worker has seen: hello since 1970, then good morning since 1970'],
  ['outage.js', 'state: offline -> coherent'],
  ['rateLimiter.js', 'ada: some of 20 requests were refused'],
  ['writeBack.js', 'visits: 1035'],
  ['prometheus.js', 'neardict_hits_total{db_namespace="example-prometheus"} 1'],
  ['openTelemetry.js', 'read example-otel of 1'],
  ['channels.js', 'example-channels: asked for 2 keys, found 0'],
  ['sse.js', 'then: data: 42'],
  ['fastify.js', 'after: {"version":2}'],
  ['express.js', 'visit 2'],
  ['nest.js', '{"value":"dark"}'],
  ['commonjs.cjs', 'CommonJS'],
] as const;

describe('an example', () => {
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

  it.each(examples)('%s works in memory and ends by itself', async (file, line) => {
    const { code, stdout, stderr } = await built.node([`examples/${file}`]);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toContain(line);
  });

  it.each(['opening.js', 'python.js'])('%s says in memory that it needs a server', async (file) => {
    const { code, stdout, stderr } = await built.node([`examples/${file}`]);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^This example needs a server: set REDIS_URL/);
  });

  it('twoProcesses.js works in one process', async () => {
    const { stdout } = await built.node(['examples/twoProcesses.js']);

    expect(stdout).toBe('read: hello from the same process\n');
  });

  describe('redisCluster.js', () => {
    const REDIS_SERVER = process.env['NEARDICT_REDIS_SERVER'] ?? '';
    const run = (env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
      built.node(['examples/redisCluster.js'], { REDIS_SERVER, ...env });

    it('starts a cluster, and is answered while a slot moves and a master is killed', async () => {
      const { code, stdout, stderr } = await run();

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.match(/ has example-redis-cluster\{/g)?.length).toBeGreaterThan(1);
      expect(stdout.match(/reads, each of them answered/g)).toHaveLength(2);
      expect(stdout).toMatch(/^lisbon: 3\n$/m);
    });

    it('shows where the keys are on the cluster of REDIS_URL, and leaves it as it is', async () => {
      const cluster = await startCluster();
      try {
        const { code, stdout, stderr } = await run({ REDIS_URL: cluster.nodes[0]?.url ?? '' });

        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toMatch(/^(127\.0\.0\.1:\d+ has example-redis-cluster\{.*\n)+$/);
      } finally {
        await cluster.stop();
      }
    });

    it('says of a single server that it is no cluster, and works where there is no server at all', async () => {
      expect(await run({ REDIS_URL: server.url })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('is no cluster'),
        stderr: '',
      });
      expect(await run({ REDIS_SERVER: 'no-such-program' })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('in 64 partitions'),
        stderr: '',
      });
    });
  });

  it('strict.ts compiles under the strictest options, and works', async () => {
    const options = [
      '--outDir',
      'compiled',
      '--rootDir',
      '.',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--allowJs',
    ];
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--types', 'node'];
    const compiled = await built.tsc('typescript', ['examples/strict.ts', '--ignoreConfig', ...options, ...strict]);
    const { code, stdout, stderr } = await built.node(['compiled/examples/strict.js']);

    expect(compiled.stdout).toBe('');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('theme: light');
  });

  it.each([
    { runner: 'node:test', args: ['--test', 'examples/testing/outage.node.js'] },
    {
      runner: 'Jest',
      args: [
        '--experimental-vm-modules',
        'node_modules/jest/bin/jest.js',
        ...['--config', '{ "roots": ["examples/testing"], "testMatch": ["**/outage.jest.js"] }'],
      ],
    },
    {
      runner: 'Vitest',
      args: ['node_modules/vitest/vitest.mjs', 'run', '--root', 'examples/testing', '--reporter=verbose'],
    },
  ])('of tests runs under $runner', async ({ args }) => {
    const { code, stdout, stderr } = await built.node(args);

    expect(`${stdout}${stderr}`).toContain('is the built-in one while the store is out of reach');
    expect(code).toBe(0);
  });

  it.each([
    ...examples,
    ['opening.js', 'Written, read, deleted.'],
    ['python.js', 'Python has written: dark'],
    ['twoProcesses.js', 'read: hello from the other process'],
  ] as const)('%s works on Redis and ends by itself', async (file, line) => {
    const { code, stdout, stderr } = await built.node([`examples/${file}`], { REDIS_URL: server.url });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toContain(line);
  });
});
