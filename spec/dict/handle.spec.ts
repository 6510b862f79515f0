import { describe, expect, it, jest } from '@jest/globals';
import { openDict } from 'neardict';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { recordReads, wrapStore } from '../support/wrapStore.ts';

async function collect<V>(walk: AsyncIterable<V>): Promise<V[]> {
  const found: V[] = [];
  for await (const item of walk) found.push(item);
  return found;
}

describe('setMany', () => {
  it('sends and shows a small batch as a whole, however slow the process is', async () => {
    const calls: number[] = [];
    const store = wrapStore((space) => ({
      write(partition, batch, deadline) {
        calls.push(batch.sets.length);
        return space.write(partition, batch, deadline);
      },
    }));
    await using handle = await openInMemory({ store });
    const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`);
    let now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => (now += 10));
    try {
      const written = handle.setMany(keys.map((key) => [key, 1] as const));
      await turn();
      const seen = keys.filter((key) => handle.peek(key) === 1);
      await written;

      expect(seen).toEqual(keys);
      expect(calls).toEqual([60]);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('get', () => {
  it('tells a missing key from null', async () => {
    await using handle = await openInMemory();
    await handle.set('nothing', null);

    expect(await handle.get('nothing')).toBeNull();
    expect(await handle.get('missing')).toBeUndefined();
  });

  it('asks the store once for what it then has in memory, missing keys included', async () => {
    const { store, reads } = recordReads();
    const namespace = freshNamespace();
    await using writer = await openDict({ namespace });
    await writer.set('there', 1);
    await using handle = await openDict({ namespace, store });

    for (let round = 0; round < 3; round++) {
      expect(await handle.get('there')).toBe(1);
      expect(await handle.get('missing')).toBeUndefined();
    }

    expect(reads).toEqual([['there'], ['missing']]);
  });

  it('shares one request among the reads of a key that wait for it', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store });

    await Promise.all([handle.get('x'), handle.get('x'), handle.get('y'), handle.has('x')]);

    expect(reads).toEqual([['x', 'y']]);
  });

  it('with fresh waits for own writes of the key and asks the store', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store });
    await handle.set('x', 1);
    await handle.get('x');

    handle.dict['x'] = 2;
    const value = await handle.get('x', { fresh: true });

    expect(value).toBe(2);
    expect(reads).toEqual([['x']]);
  });

  it('follows writes of other handles', async () => {
    const namespace = freshNamespace();
    await using here = await openDict({ namespace });
    await using there = await openDict({ namespace });
    await there.get('x');

    await here.set('x', 1);
    expect(await there.get('x')).toBe(1);
    await here.delete('x');

    expect(await there.get('x')).toBeUndefined();
  });
});

describe('getMany', () => {
  it('brings an object with every key that was asked for', async () => {
    await using handle = await openInMemory();
    await handle.setMany({ a: 1, b: null });

    const values = await handle.getMany(['a', 'b', 'c', '__proto__']);

    expect(Object.entries(values)).toEqual([
      ['a', 1],
      ['b', null],
      ['c', undefined],
      ['__proto__', undefined],
    ]);
  });

  it('asks for all that is not in memory in one request', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store });
    await handle.getMany(['b']);

    await handle.getMany(['a', 'b', 'c']);

    expect(reads).toEqual([['b'], ['a', 'c']]);
  });

  it('of nothing asks nothing', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store });

    expect(await handle.getMany([])).toEqual({});
    expect(reads).toEqual([]);
  });
});

describe('has', () => {
  it('is true for null and false for a missing key', async () => {
    await using handle = await openInMemory();
    await handle.set('nothing', null);

    expect(await handle.has('nothing')).toBe(true);
    expect(await handle.has('missing')).toBe(false);
  });
});

describe('peek', () => {
  it('shows what is in memory, own pending writes included, and nothing else', async () => {
    const namespace = freshNamespace();
    await using writer = await openDict({ namespace });
    await writer.set('stored', 1);
    await using handle = await openDict({ namespace });

    expect(handle.peek('stored')).toBeUndefined();
    await handle.get('stored');
    expect(handle.peek('stored')).toBe(1);
    handle.dict['stored'] = 2;
    expect(handle.peek('stored')).toBe(2);
    delete handle.dict['stored'];
    expect(handle.peek('stored')).toBeUndefined();
  });
});

describe('getEntry', () => {
  it('brings the value with the version that set resolved', async () => {
    await using handle = await openInMemory();

    const version = await handle.set('x', { deep: [1] });

    expect(await handle.getEntry('x')).toEqual({ value: { deep: [1] }, version, expiresAt: undefined });
    expect(version).toMatch(/^[0-9a-f]{40}$/);
  });

  it('is undefined for a missing key', async () => {
    await using handle = await openInMemory();

    expect(await handle.getEntry('missing')).toBeUndefined();
  });

  it('waits for own writes of the key', async () => {
    await using handle = await openInMemory();

    handle.dict['x'] = 1;

    expect(await handle.getEntry('x')).toMatchObject({ value: 1 });
  });
});

describe('set', () => {
  it('resolves equal versions for equal values only', async () => {
    await using handle = await openInMemory();

    const versions = [
      await handle.set('a', { x: 1 }),
      await handle.set('b', { x: 1 }),
      await handle.set('a', { x: 2 }),
    ];

    expect(versions[1]).toBe(versions[0]);
    expect(versions[2]).not.toBe(versions[0]);
  });

  it('is seen by reads at once, before the store has it', async () => {
    await using handle = await openInMemory();

    const written = handle.set('x', 1);

    expect(handle.stats().pendingWrites).toBe(1);
    expect(handle.peek('x')).toBe(1);
    expect(await handle.get('x')).toBe(1);
    await written;
    expect(handle.stats().pendingWrites).toBe(0);
  });

  it('of one key twice leaves the last value', async () => {
    await using handle = await openInMemory();

    await Promise.all([handle.set('x', 1), handle.set('x', 2)]);

    expect(await handle.get('x', { fresh: true })).toBe(2);
  });
});

describe('setMany', () => {
  it('takes an object, a map or any iterable of pairs', async () => {
    await using handle = await openInMemory();

    await handle.setMany({ a: 1 });
    await handle.setMany(new Map([['b', 2]]));
    await handle.setMany([['c', 3] as const, ['c', 4] as const]);
    await handle.setMany({});

    expect(await handle.snapshot()).toEqual({ a: 1, b: 2, c: 4 });
  });

  it('checks every entry before it writes any', async () => {
    await using handle = await openInMemory();

    await expect(handle.setMany({ good: 1, bad: () => {} })).rejects.toMatchObject({ code: 'ERR_NEARDICT_CODEC' });
    await expect(handle.setMany({ good: 1, '': 1 })).rejects.toMatchObject({ code: 'ERR_NEARDICT_KEY' });

    expect(await handle.snapshot()).toEqual({});
  });

  it('writes more than one call of the store may hold', async () => {
    await using handle = await openInMemory();
    const entries = Array.from({ length: 2500 }, (_, index) => [`key-${index}`, index] as const);

    await handle.setMany(entries);

    expect(await handle.size()).toBe(2500);
    expect(await handle.get('key-2499', { fresh: true })).toBe(2499);
  });
});

describe('delete and deleteMany', () => {
  it('resolve what was there', async () => {
    await using handle = await openInMemory();
    await handle.setMany({ a: 1, b: 2, c: 3 });

    expect(await handle.delete('a')).toBe(true);
    expect(await handle.delete('a')).toBe(false);
    expect(await handle.deleteMany(['a', 'b', 'c', 'd'])).toBe(2);
    expect(await handle.deleteMany([])).toBe(0);
    expect(await handle.snapshot()).toEqual({});
  });

  it('count a key once that is named twice', async () => {
    await using handle = await openInMemory();
    await handle.set('a', 1);

    expect(await handle.deleteMany(new Set(['a']))).toBe(1);
    await handle.set('a', 1);
    expect(await handle.deleteMany(['a', 'a'])).toBe(1);
  });
});

describe('clear', () => {
  it('deletes everything, own pending writes included, and others see it', async () => {
    const namespace = freshNamespace();
    await using here = await openDict({ namespace });
    await using there = await openDict({ namespace });
    await here.setMany(Array.from({ length: 1500 }, (_, index) => [`key-${index}`, index] as const));
    await there.get('key-7');

    here.dict['late'] = 1;
    await here.clear();

    expect(await here.size()).toBe(0);
    expect(await here.get('late')).toBeUndefined();
    expect(await there.get('key-7')).toBeUndefined();
  });
});

describe('walking', () => {
  it('keys, values, entries, the handle itself, size and snapshot show what is stored', async () => {
    await using handle = await openInMemory<Record<string, number>>();
    await handle.setMany({ a: 1, b: 2 });

    expect((await collect(handle.keys())).toSorted()).toEqual(['a', 'b']);
    expect(new Set(await collect(handle.values()))).toEqual(new Set([1, 2]));
    expect(Object.fromEntries(await collect(handle.entries()))).toEqual({ a: 1, b: 2 });
    expect(Object.fromEntries(await collect(handle))).toEqual({ a: 1, b: 2 });
    expect(await handle.size()).toBe(2);
    expect(await handle.snapshot()).toEqual({ a: 1, b: 2 });
  });

  it('shows own writes that were made before it started', async () => {
    await using handle = await openInMemory();
    await handle.set('gone', 1);

    handle.dict['new'] = 1;
    delete handle.dict['gone'];

    expect(await collect(handle.keys())).toEqual(['new']);
    expect(await handle.snapshot()).toEqual({ new: 1 });
  });

  it('takes a prefix', async () => {
    await using handle = await openInMemory();
    await handle.setMany({ 'user:1': 1, 'user:2': 2, other: 3, 'user*': 4 });

    expect((await collect(handle.keys({ prefix: 'user:' }))).toSorted()).toEqual(['user:1', 'user:2']);
    expect(await handle.snapshot({ prefix: 'user*' })).toEqual({ 'user*': 4 });
    expect(await collect(handle.values({ prefix: 'none' }))).toEqual([]);
  });

  it('passes by the cache: it neither fills it nor counts as reading', async () => {
    const namespace = freshNamespace();
    await using writer = await openDict({ namespace });
    await writer.setMany({ a: 1, b: 2 });
    await using handle = await openDict({ namespace });

    await handle.snapshot();

    expect(handle.peek('a')).toBeUndefined();
    expect(handle.stats()).toMatchObject({ hits: 0, misses: 0, entries: 0 });
  });

  it('reaches every key of a large dictionary once', async () => {
    await using handle = await openInMemory();
    await handle.setMany(Array.from({ length: 1700 }, (_, index) => [`key-${index}`, index] as const));

    const keys = await collect(handle.keys());

    expect(keys).toHaveLength(1700);
    expect(new Set(keys).size).toBe(1700);
  });
});

describe('read-your-writes', () => {
  it('holds for every way of writing and reading, with and without a cache', async () => {
    for (const cache of [false, 'all', { maxItems: 1 }] as const) {
      await using handle = await openInMemory({ cache });

      handle.dict['x'] = 1;
      expect([handle.peek('x'), await handle.get('x'), await handle.dict['x']]).toEqual([1, 1, 1]);
      await handle.set('x', 2);
      expect([await handle.get('x'), await handle.get('x', { fresh: true })]).toEqual([2, 2]);
      delete handle.dict['x'];
      expect([handle.peek('x'), await handle.get('x'), await handle.has('x')]).toEqual([undefined, undefined, false]);
      await handle.setMany({ x: 3 });
      expect((await handle.getMany(['x'])).x).toBe(3);
      await handle.clear();
      expect(await handle.get('x')).toBeUndefined();
    }
  });
});

describe('cache: false', () => {
  it('asks the store for every read and holds nothing', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store, cache: false });
    await handle.set('x', 1);

    await handle.get('x');
    await handle.get('x');

    expect(reads).toEqual([['x'], ['x']]);
    expect(handle.peek('x')).toBeUndefined();
    expect(handle.stats().entries).toBe(0);
  });
});

describe('cache: { maxItems }', () => {
  it.each([1, 2, 3, 10, 100])('of %i never holds more, and at least half', async (maxItems) => {
    await using handle = await openInMemory({ cache: { maxItems } });
    const counts: number[] = [];

    for (let index = 0; index < 3 * maxItems + 10; index++) {
      if (index % 3 === 0) await handle.set(`key-${index}`, index);
      else await handle.get(`key-${index}`);
      counts.push(handle.stats().entries);
    }

    expect(Math.max(...counts)).toBeLessThanOrEqual(maxItems);
    expect(Math.min(...counts.slice(maxItems))).toBeGreaterThanOrEqual(Math.floor(maxItems / 2));
  });

  it('keeps what is used', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store, cache: { maxItems: 10 } });

    for (let index = 0; index < 100; index++) {
      await handle.get('used');
      await handle.get(`key-${index}`);
    }

    expect(reads.filter(([key]) => key === 'used')).toHaveLength(1);
  });
});

describe("cache: 'all'", () => {
  it('keeps every key it met', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store, cache: 'all', maxStaleness: '1m' });
    const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}`);
    await handle.setMany(keys.map((key) => [key, 1] as const));

    await handle.getMany(keys);

    expect(reads).toEqual([]);
    expect(handle.stats().entries).toBe(20_000);
  });
});

describe('stats', () => {
  it('count what was done', async () => {
    const namespace = freshNamespace();
    await using other = await openDict({ namespace });
    await using handle = await openDict({ namespace });
    expect(handle.stats()).toMatchObject({ hits: 0, misses: 0, hitRate: 0, entries: 0, pendingWrites: 0, messages: 0 });

    await other.set('x', 'four');
    await handle.get('x');
    await handle.get('x');
    await handle.get('y');
    handle.dict['z'] = 1;
    const { pendingWrites } = handle.stats();
    await handle.flush();

    expect(pendingWrites).toBe(1);
    expect(handle.stats()).toMatchObject({
      hits: 1,
      misses: 2,
      hitRate: 1 / 3,
      entries: 3,
      pendingWrites: 0,
      bytesIn: 5,
      bytesOut: 1,
      messages: 2,
      gaps: 0,
      repairs: 0,
    });
    expect(handle.stats().lag).toBeLessThan(60_000);
  });
});
