import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DictState, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type Place, places } from '../support/places.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

const options = { maxStaleness: 200, timeout: 1000 } as const;

describe.each(places)('an outage of %s', (_name, start) => {
  let place: Place;
  let client: Awaited<ReturnType<Place['connect']>>;
  beforeAll(async () => {
    place = await start();
    client = await place.connect();
  });
  afterAll(async () => {
    await client.end();
    await place.stop();
  });

  /** Waits until they are cached: of a partition that is not followed yet, nothing is. */
  async function cached(handle: NearDict<Numbers>, ...keys: readonly string[]): Promise<void> {
    await until('they are cached', async () => {
      await handle.getMany(keys);
      return keys.every((key) => handle.peek(key) !== undefined);
    });
  }

  /** Waits until nothing cached is proven fresh any more. */
  async function lapsed(handle: NearDict<Numbers>): Promise<void> {
    await until('freshness has lapsed', () => handle.peek('a') === undefined);
  }

  it.each([
    { client: 'a borrowed client', store: () => redisStore(client) },
    { client: 'a client of our own', store: () => redisStore(place.source) },
  ])('is bridged by staleIfError while the server is frozen, and ends unnoticed: $client', async ({ store }) => {
    await using stale = await openDict<Numbers>({
      namespace: 'frozen',
      store: store(),
      staleIfError: '1h',
      ...options,
    });
    await using strict = await openDict<Numbers>({ namespace: 'frozen', store: store(), ...options });
    await stale.set('a', 1);
    await cached(stale, 'a');
    await cached(strict, 'a');
    const states: DictState[] = [];
    stale.on('state', (now) => states.push(now));

    place.pause();
    await Promise.all([lapsed(stale), lapsed(strict)]);
    const served = await stale.get('a');
    await expect(strict.get('a')).rejects.toThrow(UnavailableError);
    await until('the outage is known', () => stale.state === 'offline');
    const { misses } = stale.stats();
    for (let count = 0; count < 1000; count++) await stale.get('a');
    const missesWhileOffline = stale.stats().misses - misses;
    await place.resume();
    await until('the outage is over', () => stale.state === 'coherent');
    await strict.set('a', 2);

    expect([served, missesWhileOffline]).toEqual([1, 0]);
    expect(states[0]).toBe('offline');
    await until('the change is seen', async () => (await stale.get('a')) === 2);
  });

  it('is bridged by staleIfError while the server is gone; once it is back, empty, its truth counts', async () => {
    await using handle = await openDict<Numbers>({
      namespace: 'killed',
      store: redisStore(place.source),
      staleIfError: '1h',
      ...options,
    });
    await handle.setMany({ a: 1, b: 2 });
    await cached(handle, 'a', 'b');

    await place.kill();
    await lapsed(handle);
    const first = await handle.getMany(['a', 'b']);
    await until('the outage is known', () => handle.state === 'offline');
    const later = await handle.getMany(['a', 'b']);
    await place.restart();
    await until('the outage is over', () => handle.state === 'coherent');

    expect([first, later]).toEqual([
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ]);
    expect(await handle.getMany(['a', 'b'])).toEqual({ a: undefined, b: undefined });
    place.pause();
    await lapsed(handle);
    expect(await handle.get('a')).toBeUndefined();
    await place.resume();
  });
});
