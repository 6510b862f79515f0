import { describe, expect, it, jest } from '@jest/globals';
import { ConfigError, openDict, UnavailableError } from 'neardict';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { until } from '../support/until.ts';
import { recordReads, wrapStore } from '../support/wrapStore.ts';

/** Runs with a clock that the test moves on; the store in memory goes by the same. */
async function withClock(run: (advance: (ms: number) => void) => Promise<void>): Promise<void> {
  const start = Math.ceil(performance.now());
  let passed = 0;
  const monotonic = jest.spyOn(performance, 'now').mockImplementation(() => start + passed);
  const day = jest.spyOn(Date, 'now').mockImplementation(() => 1_000_000 + passed);
  try {
    await run((ms) => {
      passed += ms;
    });
  } finally {
    monotonic.mockRestore();
    day.mockRestore();
  }
}

describe('a time to live', () => {
  it('ends a value in the store and in every cache, with no message', async () => {
    await withClock(async (advance) => {
      const namespace = freshNamespace();
      await using writer = await openDict({ namespace, maxStaleness: '1h' });
      await using reader = await openDict({ namespace, maxStaleness: '1h' });
      await reader.get('a');
      await writer.set('a', 1, { ttl: '1m' });
      await until('the message is there', async () => (await reader.get('a')) === 1);

      advance(59_000);
      await turn();
      expect([reader.peek('a'), writer.peek('a')]).toEqual([1, 1]);
      advance(1001);
      await turn();
      expect([reader.peek('a'), writer.peek('a')]).toEqual([undefined, undefined]);
      expect([await reader.get('a'), await writer.get('a')]).toEqual([undefined, undefined]);
      expect(await writer.size()).toBe(0);
    });
  });

  it('comes with a value that is read, and counts from when it was asked for', async () => {
    await withClock(async (advance) => {
      const namespace = freshNamespace();
      await using writer = await openDict({ namespace });
      await writer.set('a', 1, { ttl: 60_000 });
      advance(40_000);
      await using reader = await openDict({ namespace, maxStaleness: '1h' });
      expect(await reader.get('a')).toBe(1);
      expect(await reader.getEntry('a')).toMatchObject({ value: 1, expiresAt: 1_000_000 + 60_000 });

      advance(19_000);
      await turn();
      expect(reader.peek('a')).toBe(1);
      advance(1001);
      await turn();
      expect(reader.peek('a')).toBeUndefined();
    });
  });

  it('is the one of the dictionary where the write says nothing, and for ever is Infinity', async () => {
    await withClock(async (advance) => {
      await using handle = await openInMemory({ ttl: '1m' });
      handle.dict['assigned'] = 1;
      await handle.set('own', 1, { ttl: '2m' });
      await handle.set('ever', 1, { ttl: Number.POSITIVE_INFINITY });
      await handle.setMany({ many: 1 });
      await handle.setMany({ longMany: 1 }, { ttl: '2m' });
      await handle.update('updated', () => 1);
      await handle.getOrSet('made', () => 1, { ttl: '2m' });
      await handle.flush();

      advance(60_001);
      expect(Object.keys(await handle.snapshot()).toSorted()).toEqual(['ever', 'longMany', 'made', 'own']);
      advance(60_000);
      expect(await handle.snapshot()).toEqual({ ever: 1 });
      expect((await handle.getEntry('ever'))?.expiresAt).toBeUndefined();
    });
  });

  it('begins anew, changes, or ends with the next write of the key', async () => {
    await withClock(async (advance) => {
      await using handle = await openInMemory();
      await handle.setMany({ again: 1, longer: 1, ever: 1 }, { ttl: 1000 });
      advance(900);
      await handle.set('again', 2, { ttl: 1000 });
      await handle.set('longer', 2, { ttl: 5000 });
      handle.dict['ever'] = 2;
      await handle.flush();

      advance(900);
      expect(await handle.snapshot()).toEqual({ again: 2, longer: 2, ever: 2 });
      advance(900);
      expect(await handle.snapshot()).toEqual({ longer: 2, ever: 2 });
      advance(9000);
      expect(await handle.snapshot()).toEqual({ ever: 2 });
    });
  });

  it('is never prolonged by a cached copy, whatever maxAge allows', async () => {
    await withClock(async (advance) => {
      const { store, reads } = recordReads();
      await using handle = await openInMemory({ store, cache: { maxAge: '1d' }, maxStaleness: '1h' });
      await handle.set('a', 1, { ttl: 1000 });
      await handle.get('a');
      reads.length = 0;

      advance(1001);
      await turn();
      expect(await handle.get('a')).toBeUndefined();
      expect(reads).toEqual([['a']]);
    });
  });

  it('is not outlived by a value that is served while the store is away', async () => {
    await withClock(async (advance) => {
      let isAway = false;
      const fail = async (): Promise<never> => {
        throw new UnavailableError('away');
      };
      const store = wrapStore((space) => ({
        read: (...args) => (isAway ? fail() : space.read(...args)),
        position: (...args) => (isAway ? fail() : space.position(...args)),
      }));
      await using handle = await openInMemory({ store, staleIfError: '1h', maxStaleness: 1000 });
      await handle.set('a', 1, { ttl: '1m' });
      await handle.set('ever', 1);
      expect(await handle.getMany(['a', 'ever'])).toEqual({ a: 1, ever: 1 });
      isAway = true;

      advance(59_000);
      await turn();
      expect(await handle.getMany(['a', 'ever'])).toEqual({ a: 1, ever: 1 });
      advance(1001);
      await turn();
      await expect(handle.get('a')).rejects.toThrow(UnavailableError);
      expect(await handle.get('ever')).toBe(1);
      isAway = false;
    });
  });

  it.each([0, -1, Number.NaN, '5', '5 m', null, 2 ** 47, Number.NEGATIVE_INFINITY])('is not %p', async (ttl) => {
    await expect(openInMemory({ ttl: ttl as number })).rejects.toThrow(ConfigError);
    await using handle = await openInMemory();
    await expect(handle.set('a', 1, { ttl: ttl as number })).rejects.toThrow(ConfigError);
    await expect(handle.setMany({ a: 1 }, { ttl: ttl as number })).rejects.toThrow(ConfigError);
    expect(await handle.size()).toBe(0);
  });
});
