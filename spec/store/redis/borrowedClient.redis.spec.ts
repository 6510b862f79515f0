import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient } from 'redis';
import * as redis from 'redis';
import { ConfigError, type Space } from 'neardict';
import { redisStore, type RedisLike } from 'neardict/redis';
import { batch, bytes, soon, text } from '../../../lib/testing/contract/batches.ts';
import { connectClient, type TestClient } from '../../support/clients.ts';
import { startProxy } from '../../support/faultProxy.ts';
import { FeedRecorder } from '../../../lib/testing/contract/feedRecorder.ts';
import { openSpace } from '../../support/openSpace.ts';
import { connectAdmin, type RedisAdmin } from '../../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../../support/redisServer.ts';
import { until } from '../../support/until.ts';

/** Whatever else the version under test has. */
const others = redis as unknown as Record<string, ((options: object) => unknown) | undefined>;
const isVersion4 = others['createClientPool'] === undefined;

const FORBIDDEN = [
  ...['connect', 'disconnect', 'quit', 'QUIT', 'close', 'destroy', 'unref', 'ref', 'select', 'SELECT', 'auth', 'AUTH'],
  ...['subscribe', 'SUBSCRIBE', 'unsubscribe', 'UNSUBSCRIBE', 'pSubscribe', 'PSUBSCRIBE', 'sSubscribe', 'SSUBSCRIBE'],
  ...['monitor', 'MONITOR', 'executeIsolated', 'setMaxListeners', 'removeAllListeners'],
];

/** Writes down calls that only the owner of a client may make. */
function watchOwnership(client: TestClient): string[] {
  const calls: string[] = [];
  const methods = client as unknown as Record<string, unknown>;
  for (const name of FORBIDDEN) {
    const method = methods[name];
    if (typeof method !== 'function') continue;
    methods[name] = (...args: unknown[]) => {
      calls.push(name);
      return method.apply(client, args) as unknown;
    };
  }
  return calls;
}

function listenersOf(client: TestClient): Record<string, number> {
  const emitter = client as unknown as NodeJS.EventEmitter;
  const names = ['ready', 'end', 'error', 'connect', 'reconnecting', ...emitter.eventNames()];
  return Object.fromEntries(names.map((name) => [String(name), emitter.listenerCount(name)]));
}

describe('a borrowed client', () => {
  let server: RedisServer;
  let admin: RedisAdmin;
  let client: TestClient;
  beforeAll(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
  });
  beforeEach(async () => {
    client = await connectClient(server.url);
  });
  afterEach(async () => {
    await client.end();
    await admin.connectionsAre(0);
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  async function useFully(space: Space & { set(key: string, value: string): Promise<unknown> }): Promise<void> {
    const feed = new FeedRecorder();
    await space.follow(0, feed, soon());
    await space.set('a', '1');
    await feed.messagesAre(1);
    await space.read(0, ['a'], soon());
    await space.position(0, soon());
    for await (const keys of space.scan('', soon)) expect(keys).toEqual(['a']);
    space.distrust(0);
    await until('the feed is renewed', () => feed.count('live') === 2);
  }

  it('is asked ahead in a scan, and again if that failed while nobody waited for it', async () => {
    const space = await openSpace(redisStore(client));
    const sets = Array.from({ length: 3000 }, (_, index) => [`key ${index}`, bytes('1')] as const);
    await space.write(0, batch({ sets }), soon());
    const sendCommand = client.sendCommand.bind(client) as (...args: unknown[]) => Promise<unknown>;
    let scans = 0;
    client.sendCommand = ((args: readonly string[], ...more: unknown[]) => {
      if (args[0] === 'SCAN' && ++scans === 2) return Promise.reject(new Error('ERR refused once'));
      return sendCommand(args, ...more);
    }) as typeof client.sendCommand;

    const found = new Set<string>();
    for await (const keys of space.scan('', soon)) {
      for (const key of keys) found.add(key);
      await until('the next step was asked for', () => scans > 1);
    }

    expect(found.size).toBe(3000);
    await space.close();
  });

  it('is never connected, subscribed, reconfigured or closed, and stays usable', async () => {
    const calls = watchOwnership(client);
    const options = { ...(client as unknown as { options: object }).options };
    const space = await openSpace(redisStore(client));
    await useFully(space);
    await space.close();

    expect(calls).toEqual([]);
    expect((client as unknown as { options: object }).options).toEqual(options);
    expect(String(await client.sendCommand(['PING']))).toBe('PONG');
  });

  it('has after close the listeners that it had before, whatever happened between', async () => {
    const before = listenersOf(client);
    const space = await openSpace(redisStore(client));
    await useFully(space);
    expect(listenersOf(client)['error']).toBe(before['error']);

    await space.close();

    expect(listenersOf(client)).toMatchObject(before);
    expect(Object.keys(listenersOf(client)).toSorted()).toEqual(Object.keys(before).toSorted());
  });

  it('gets one connection for messages, however many dictionaries and stores use it, until the last is closed', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): number => warnings.push(warning);
    process.on('warning', listen);
    const spaces = await Promise.all(Array.from({ length: 30 }, () => openSpace(redisStore(client))));
    for (const space of spaces) await space.follow(0, new FeedRecorder(), soon());
    for (const space of spaces.slice(0, 3)) await useFully(space);

    expect(await admin.connections()).toBe(2);
    expect(await admin.subscribers()).toBe(1);
    expect(warnings).toEqual([]);

    process.off('warning', listen);
    for (const space of spaces) {
      expect(await admin.subscribers()).toBe(1);
      await space.close();
    }
    await admin.connectionsAre(1);
  });

  it('can be opened and closed on 50 times and nothing is left behind', async () => {
    const before = listenersOf(client);
    for (let round = 0; round < 50; round++) {
      const space = await openSpace(redisStore(client));
      const following = space.follow(0, new FeedRecorder(), soon());
      if (round % 2 === 0) await following;
      else following.catch(() => {});
      await space.close();
    }

    await admin.connectionsAre(1);
    expect(listenersOf(client)).toMatchObject(before);
  });

  it.each([
    ['RESP 2', { RESP: 2 }],
    ['RESP 3', { RESP: 3 }],
    ['a key prefix', { keyPrefix: 'prefix:' }],
    ['a name', { name: 'test' }],
    ['command options', { commandOptions: { timeout: 1000, typeMapping: { 36: Buffer, 58: String } } }],
    ['a database', { database: 3 }],
    ['pings of an interval', { pingInterval: 20 }],
    ['a queue of its own length', { commandsQueueMaxLength: 100 }],
    ['no offline queue', { disableOfflineQueue: true }],
    ['a client-side cache', { RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' } }],
    ['invalidation events', { RESP: 3, emitInvalidate: true }],
  ])('may have %s', async (_name, options) => {
    await client.end();
    client = await connectClient(server.url, options);
    const space = await openSpace(redisStore(client));
    await useFully(space);

    expect(await space.get('a')).toBe('1');
    expect(await admin.send('SELECT', 'database' in options ? '3' : '0')).toBeDefined();
    expect(await admin.send('EXISTS', `${space.namespace}/a`)).toBe(1);
    await admin.send('SELECT', '0');
    await space.close();
  });

  it('may be one that maps types or sets options for its commands', async () => {
    const loose = client as unknown as Record<string, ((options: object) => RedisLike) | undefined>;
    const views = [
      loose['withTypeMapping']?.({ 36: Buffer, 58: String, 43: Buffer }),
      loose['withCommandOptions']?.({ timeout: 100 }),
    ].filter((view) => view !== undefined);
    expect(views).toHaveLength(isVersion4 ? 0 : 2);

    for (const view of views) {
      const space = await openSpace(redisStore(view));
      await useFully(space);
      await space.close();
    }
  });

  it('may have a longest silence: the feed does not fall to it', async () => {
    await client.end();
    client = await connectClient(server.url, { socket: { socketTimeout: 300 }, pingInterval: 50 });
    let pings = 0;
    client.on('ping-interval', () => pings++);
    const space = await openSpace(redisStore(client));
    const feed = new FeedRecorder();
    await space.follow(0, feed, soon());

    await until('three times the longest silence has passed', () => pings >= 18);

    expect(feed.events).toEqual(['live']);
    await space.close();
  });

  it('that was never connected is refused', async () => {
    const never = createClient({ url: server.url });

    await expect(openSpace(redisStore(never))).rejects.toThrow(ConfigError);
    await expect(openSpace(redisStore(never))).rejects.toThrow('connect()');

    await never.connect();
    const space = await openSpace(redisStore(never));
    await space.close();
    await never.disconnect();
  });

  it('that was closed is refused', async () => {
    await client.end();

    await expect(openSpace(redisStore(client))).rejects.toThrow(ConfigError);
  });

  it('that is closed by its owner makes every call reject at once', async () => {
    const space = await openSpace(redisStore(client));
    await client.end();

    await expect(space.get('a')).rejects.toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });
    await expect(space.set('a', '1')).rejects.toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });
    await space.close();
  });

  it('whose connection was cut inside a reply is not believed what it makes of the next ones', async () => {
    const proxy = await startProxy(server.port);
    const distant = await connectClient(proxy.url);
    const space = await openSpace(redisStore(distant));
    const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
    const read = (): Promise<Record<string, string | undefined>> => readAll(space, keys);
    try {
      for (const key of keys) await space.set(key, key.repeat(10));
      const stored = await read();

      for (let round = 0; round < 10; round++) {
        const cut = proxy.cutInReply('data');
        expect(await read()).toEqual(stored);
        await cut;
        expect(await read()).toEqual(stored);
      }
    } finally {
      await space.close();
      await distant.end();
      await proxy.stop();
    }
  });

  it('may lose its connection in the middle of traffic, and every reply is that of its command', async () => {
    const proxy = await startProxy(server.port);
    const distant = await connectClient(proxy.url);
    const space = await openSpace(redisStore(distant));
    await space.set('a', 'value of a');
    const values = new Set<unknown>();
    const over = new AbortController();
    const traffic = (async () => {
      const reads: Promise<unknown>[] = [];
      while (!over.signal.aborted) {
        reads.push(space.get('a').then((value) => values.add(value)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(reads);
    })();
    try {
      for (let round = 0; round < 10; round++) {
        await until('there is a connection', () => proxy.connections('data') > 0);
        await space.get('a');
        proxy.reset('data');
        await space.get('a');
      }
    } finally {
      over.abort();
      await traffic;
      await space.close();
      await distant.end();
      await proxy.stop();
    }

    expect([...values]).toEqual(['value of a']);
  });

  it('that lost its connection and is then closed by its owner makes every call reject at once', async () => {
    const space = await openSpace(redisStore(client));
    await admin.send('CLIENT', 'KILL', 'TYPE', 'normal');
    await until('it is back', async () => {
      try {
        return (await space.set('a', '1')).position.seq > 0;
      } catch {
        return false;
      }
    });

    await client.end();

    await expect(space.get('a')).rejects.toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });
    await expect(space.set('a', '1')).rejects.toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });
    await space.close();
  });

  it.each([
    ['a pool', () => others['createClientPool']?.({})],
    ['a Sentinel client', () => others['createSentinel']?.({ name: 'x', sentinelRootNodes: [{ host: 'x', port: 1 }] })],
    ['a client in legacyMode', () => (isVersion4 ? createClient({ legacyMode: true }) : undefined)],
    ['a legacy client', () => (createClient() as unknown as { legacy?: () => unknown }).legacy?.()],
  ])('is not %s: that is refused with a word on what to pass', (_name, make) => {
    const source = make();
    if (source === undefined) return;

    expect(() => redisStore(source as RedisLike)).toThrow(ConfigError);
    expect(() => redisStore(source as RedisLike)).toThrow(/createClient\(\)|without/);
  });

  it.each([[undefined], [null], ['redis://localhost'], [{}], [() => {}], [{ sendCommand: true }], [42]])(
    'is not %p: that is refused with a word on what to pass',
    (source) => {
      expect(() => redisStore(source as never)).toThrow(ConfigError);
      expect(() => redisStore(source as never)).toThrow(/createClient\(\).*createCluster\(\).*\{ url \}/);
    },
  );
});

async function readAll(space: Space, keys: readonly string[]): Promise<Record<string, string | undefined>> {
  const { values } = await space.read(0, keys, performance.now() + 3000);
  return Object.fromEntries(keys.map((key, index) => [key, text(values[index])]));
}
