import { describe, expect, it } from '@jest/globals';
import { type CacheLimit, NearCache } from '../../lib/cache/nearCache.ts';
import { Entry, Era } from '../../lib/cache/entry.ts';

const MAX_AGE_MS = 1000;

function present(): Entry {
  return new Entry(Uint8Array.of(1));
}

function missing(): Entry {
  return new Entry(undefined);
}

function cacheOf(limit: CacheLimit, random: () => number = () => 1): { cache: NearCache; era: Era } {
  return { cache: new NearCache(limit, MAX_AGE_MS, { uncacheable: new Set(['then']), random }), era: new Era() };
}

/** How many entries are held, of whatever era. */
function held(cache: NearCache): number {
  return [...cache.entries].length;
}

describe('a near cache of at most so many entries', () => {
  it.each([1, 2, 3, 4, 5, 10, 99, 100, 101])('of %i never holds more, and never less than half once full', (limit) => {
    const { cache, era } = cacheOf(limit);
    const counts: number[] = [];

    for (let index = 0; index < 5 * limit + 20; index++) {
      cache.put(`key-${index}`, index % 2 === 0 ? present() : missing(), era, index, 0);
      cache.find(`key-${Math.floor(index / 2)}`, era);
      if (index % 7 === 0) cache.put(`key-${index}`, present(), era, index, 0);
      counts.push(held(cache));
    }

    expect(Math.max(...counts)).toBeLessThanOrEqual(limit);
    expect(Math.min(...counts.slice(limit))).toBeGreaterThanOrEqual(Math.floor(limit / 2));
  });

  it('keeps what is used rather than what is not', () => {
    const { cache, era } = cacheOf(10);
    cache.put('used', present(), era, 1, 0);
    const found: boolean[] = [];

    for (let index = 0; index < 100; index++) {
      cache.put(`key-${index}`, present(), era, 1, 0);
      found.push(cache.entries.get('used') !== undefined);
    }

    expect(found).not.toContain(false);
    expect(cache.find('key-0', era)).toBeUndefined();
  });

  it('does not keep what nobody reads because others write it', () => {
    const { cache, era } = cacheOf(10);
    cache.put('heard of', present(), era, 1, 0);

    for (let index = 0; index < 10; index++) {
      cache.find('heard of', era);
      cache.put(`key-${index}`, present(), era, 1, 0);
    }

    expect(cache.entries.peek('heard of')).toBeUndefined();
  });
});

describe('a near cache without entries', () => {
  it('holds nothing', () => {
    const { cache, era } = cacheOf(false);

    cache.put('key', present(), era, 1, 0);
    cache.remove('key');
    cache.clear();

    expect(held(cache)).toBe(0);
    expect(cache.find('key', era)).toBeUndefined();
  });
});

describe('a near cache of all keys', () => {
  it('holds every present key and at most ten thousand missing ones', () => {
    const { cache, era } = cacheOf('all');

    for (let index = 0; index < 30_000; index++) {
      cache.put(`there-${index}`, present(), era, 1, 0);
      cache.put(`missing-${index}`, missing(), era, 1, 0);
    }

    expect(cache.find('there-0', era)).toBeDefined();
    expect(held(cache)).toBeGreaterThanOrEqual(35_000);
    expect(held(cache)).toBeLessThanOrEqual(40_000);
  });

  it('makes room for new missing keys at the cost of the oldest', () => {
    const { cache, era } = cacheOf('all');

    for (let index = 0; index < 20_000; index++) cache.put(`missing-${index}`, missing(), era, 1, 0);

    expect(cache.find('missing-19999', era)).toBeDefined();
    expect(cache.find('missing-0', era)).toBeUndefined();
  });

  it('keeps a key that was missing and is present now, whatever else is asked for', () => {
    const { cache, era } = cacheOf('all');
    cache.put('once missing', missing(), era, 1, 0);
    cache.put('once missing', present(), era, 2, 0);

    for (let index = 0; index < 20_000; index++) cache.put(`missing-${index}`, missing(), era, 1, 0);

    expect(cache.find('once missing', era)?.bytes).toBeDefined();
  });

  it('keeps a missing key that is asked for again and again', () => {
    const { cache, era } = cacheOf('all');
    const found: boolean[] = [];

    for (let index = 0; index < 20_000; index++) {
      cache.put('asked for', missing(), era, index, 0);
      cache.put(`missing-${index}`, missing(), era, 1, 0);
      found.push(cache.find('asked for', era) !== undefined);
    }

    expect(found).not.toContain(false);
  });

  it('forgets its missing keys with a clear', () => {
    const { cache, era } = cacheOf('all');
    for (let index = 0; index < 9000; index++) cache.put(`old-${index}`, missing(), era, 1, 0);

    cache.clear();
    for (let index = 0; index < 4000; index++) cache.put(`new-${index}`, missing(), era, 1, 0);

    expect(held(cache)).toBe(4000);
  });
});

describe.each([10, 'all'] as const)('a near cache (%p)', (limit) => {
  it('finds an entry in its own era alone', () => {
    const { cache, era } = cacheOf(limit);
    const entry = present();

    cache.put('key', entry, era, 7, 0);

    expect(cache.find('key', era)).toBe(entry);
    expect(entry).toMatchObject({ era, seq: 7 });
    expect(cache.find('key', new Era())).toBeUndefined();
    expect(cache.find('other', era)).toBeUndefined();
  });

  it('replaces, removes and clears', () => {
    const { cache, era } = cacheOf(limit);
    const second = present();
    cache.put('a', present(), era, 1, 0);
    cache.put('a', second, era, 2, 0);
    cache.put('b', present(), era, 1, 0);

    expect(cache.find('a', era)).toBe(second);
    cache.remove('a');
    expect(cache.find('a', era)).toBeUndefined();
    cache.remove('never there');
    cache.clear();
    expect(cache.find('b', era)).toBeUndefined();
    expect(held(cache)).toBe(0);
  });

  it('never holds a key that is not to be held', () => {
    const { cache, era } = cacheOf(limit);

    cache.put('then', present(), era, 1, 0);

    expect(held(cache)).toBe(0);
  });

  it('lets entries live 90 to 100 % of the longest age, so that they do not expire together', () => {
    const expiries = [0, 0.5, 1].map((random) => {
      const { cache, era } = cacheOf(limit, () => random);
      const entry = present();
      cache.put('key', entry, era, 1, 5000);
      return entry.expiresAt;
    });

    expect(expiries).toEqual([5900, 5950, 6000]);
  });

  it('counts what can be served', () => {
    const { cache, era } = cacheOf(limit);
    const ended = new Era();
    cache.put('a', present(), era, 1, 0);
    cache.put('b', missing(), era, 1, 0);
    cache.put('c', present(), ended, 1, 0);

    ended.end();

    expect(cache.count()).toBe(2);
  });
});
