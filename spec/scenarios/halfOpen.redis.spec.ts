import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, type NearDict, openDict, type Store, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

/** Connections that are up at both ends and bring nothing: the network has lost them without a word. */
describe('a half-open connection', () => {
  const options = { namespace: 'halfOpen', maxStaleness: 1000, timeout: 2500 };
  let server: RedisServer;
  let client: TestClient;
  let writer: NearDict<Numbers>;
  let proxy: FaultProxy;
  let store: Store;
  let reader: NearDict<Numbers>;
  beforeAll(async () => {
    server = await startRedis();
    client = await connectClient(server.url);
    writer = await openDict<Numbers>({ ...options, store: redisStore(client) });
  });
  beforeEach(async () => {
    await writer.set('a', 1);
    proxy = await startProxy(server.port);
    store = redisStore({ url: proxy.url });
    reader = await openDict<Numbers>({ ...options, store });
    await reader.get('a');
    await reader.set('b', 0);
  });
  afterEach(async () => {
    await reader.close();
    await proxy.stop();
  });
  afterAll(async () => {
    await writer.close();
    await client.end();
    await server.stop();
  });

  it.each(['up', 'down'] as const)(
    'for commands that loses what goes %s is replaced, if it is our own',
    async (way) => {
      expect(proxy.lose('data', way)).toBe(1);

      await expect(reader.set('b', 1)).rejects.toThrow(AmbiguousWriteError);
      await until('there is another connection', () => proxy.connections('data') === 1);
      await reader.set('a', 2);
      expect(await reader.get('a', { fresh: true })).toBe(2);
      await until('the dictionary is coherent', () => reader.state === 'coherent');
    },
  );

  it('for commands is found by the readings of the position, while nobody waits for anything else', async () => {
    proxy.lose('data', 'down');
    const reading = setInterval(() => void reader.get('a').catch(() => {}), 20);

    await until('there is another connection', () => proxy.connections('data') === 1);
    clearInterval(reading);

    expect(await reader.get('a', { fresh: true })).toBe(1);
    await until('the dictionary is coherent', () => reader.state === 'coherent');
  });

  it('for commands makes those of a borrowed client end by their deadline, until the connection ends', async () => {
    const borrowed = await connectClient(proxy.url);
    await using handle = await openDict<Numbers>({ ...options, timeout: 300, store: redisStore(borrowed) });
    await writesArrive(handle);
    proxy.lose('data', 'down');

    await expect(handle.get('a', { fresh: true })).rejects.toThrow(UnavailableError);
    await expect(handle.set('b', 1)).rejects.toThrow(AmbiguousWriteError);

    proxy.resetLost();
    await writesArrive(handle);
    await until('the dictionary is coherent', () => handle.state === 'coherent');
    await handle.close();
    await borrowed.end();
  });

  function writesArrive(handle: NearDict<Numbers>): Promise<void> {
    return until('writes arrive', () =>
      handle.set('a', 2).then(
        () => true,
        () => false,
      ),
    );
  }

  it('for messages is replaced once a message is missed', async () => {
    proxy.lose('feed', 'down');
    await writer.set('a', 2);
    await writer.set('a', 3);

    await until('the reader sees it', async () => (await reader.get('a')) === 3);
    await until('there is another connection', async () => {
      await reader.get('a');
      return proxy.connections('feed') === 1;
    });
    await until('the dictionary is coherent', () => reader.state === 'coherent');
    await writer.set('a', 4);
    await until('the reader follows', async () => {
      await reader.get('a');
      return reader.peek('a') === 4;
    });
    expect(proxy.connections('feed')).toBe(1);
  });

  it('for messages is replaced when a subscription is not confirmed', async () => {
    proxy.lose('feed', 'up');

    await using other = await openDict<Numbers>({ namespace: 'other', store, connectTimeout: 30_000 });

    expect(proxy.connections('feed')).toBe(1);
    await other.set('a', 1);
    await until('the first dictionary is coherent too', () => reader.state === 'coherent');
  });

  it('for messages does no harm while nothing is written: the cache stays proven', async () => {
    proxy.lose('feed', 'down');
    const before = reader.stats();
    const deadline = performance.now() + 3 * options.maxStaleness;

    while (performance.now() < deadline) {
      expect(await reader.get('a')).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }

    const { misses, repairs, hits } = reader.stats();
    expect({ misses, repairs }).toEqual({ misses: before.misses, repairs: before.repairs });
    expect(hits).toBeGreaterThan(before.hits);
    expect(reader.state).toBe('coherent');
  });
});
