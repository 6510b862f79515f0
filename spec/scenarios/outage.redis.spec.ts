import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DictState, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

const options = { maxStaleness: 200, timeout: 1000 } as const;

describe('an outage of Redis', () => {
  let server: RedisServer;
  let client: TestClient;
  beforeEach(async () => {
    server = await startRedis();
    client = await connectClient(server.url);
  });
  afterEach(async () => {
    await client.end();
    await server.stop();
  });

  /** Waits until nothing cached is proven fresh any more. */
  async function lapsed(handle: NearDict<Numbers>): Promise<void> {
    await until('freshness has lapsed', () => handle.peek('a') === undefined);
  }

  it.each([
    { client: 'a borrowed client', store: () => redisStore(client) },
    { client: 'a client of our own', store: () => redisStore({ url: server.url }) },
  ])('is bridged by staleIfError while the server is frozen, and ends unnoticed: $client', async ({ store }) => {
    await using stale = await openDict<Numbers>({
      namespace: 'frozen',
      store: store(),
      staleIfError: '1h',
      ...options,
    });
    await using strict = await openDict<Numbers>({ namespace: 'frozen', store: store(), ...options });
    await stale.set('a', 1);
    await strict.get('a');
    const states: DictState[] = [];
    stale.on('state', (now) => states.push(now));

    server.pause();
    await Promise.all([lapsed(stale), lapsed(strict)]);
    const served = await stale.get('a');
    await expect(strict.get('a')).rejects.toThrow(UnavailableError);
    await until('the outage is known', () => stale.state === 'offline');
    const { misses } = stale.stats();
    for (let count = 0; count < 1000; count++) await stale.get('a');
    const missesWhileOffline = stale.stats().misses - misses;
    server.resume();
    await until('the outage is over', () => stale.state === 'coherent');
    await strict.set('a', 2);

    expect([served, missesWhileOffline]).toEqual([1, 0]);
    expect(states[0]).toBe('offline');
    await until('the change is seen', async () => (await stale.get('a')) === 2);
  });

  it('is bridged by staleIfError while the server is gone; once it is back, empty, its truth counts', async () => {
    await using handle = await openDict<Numbers>({
      namespace: 'killed',
      store: redisStore({ url: server.url }),
      staleIfError: '1h',
      ...options,
    });
    await handle.setMany({ a: 1, b: 2 });

    await server.kill();
    await lapsed(handle);
    const first = await handle.getMany(['a', 'b']);
    await until('the outage is known', () => handle.state === 'offline');
    const later = await handle.getMany(['a', 'b']);
    await server.restart();
    await until('the outage is over', () => handle.state === 'coherent');

    expect([first, later]).toEqual([
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ]);
    expect(await handle.getMany(['a', 'b'])).toEqual({ a: undefined, b: undefined });
    server.pause();
    await lapsed(handle);
    expect(await handle.get('a')).toBeUndefined();
    server.resume();
  });
});
