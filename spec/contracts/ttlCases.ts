import { describe, expect, it } from '@jest/globals';
import type { Batch, Receipt, Space } from 'neardict';
import { hasTtls } from '../../lib/store/position.ts';
import { versionOf } from '../../lib/store/version.ts';
import { batch, bytes, soon, text } from '../support/batches.ts';
import { until } from '../support/until.ts';
import type { SpaceUnderTest } from './conditionCases.ts';

/** Long enough not to be over in any test. */
const LONG_MS = 1_000_000;
/** Short enough to wait for. */
const SHORT_MS = 50;

/** What every store promises of times to live. */
export function ttlCases(use: () => SpaceUnderTest): void {
  const write = (parts: Partial<Batch>, to: Space = use().space): Promise<Receipt> => to.write(0, batch(parts), soon());
  const set = (key: string, value: string, ttlMs?: number): Promise<Receipt> =>
    write({ sets: [[key, bytes(value), ttlMs]] });
  const read = async (
    keys: readonly string[],
    from: Space = use().space,
  ): Promise<{
    readonly values: (string | undefined)[];
    readonly ttls: readonly (number | undefined)[] | undefined;
  }> => {
    const { values, ttls } = await from.read(0, keys, soon());
    return { values: values.map(text), ttls };
  };
  const get = async (key: string): Promise<string | undefined> => (await read([key])).values[0];
  const ttlOf = async (key: string): Promise<number | undefined> => (await read([key])).ttls?.[0];
  const isGone = (key: string): Promise<void> => until(`${key} is gone`, async () => (await get(key)) === undefined);

  describe('a time to live', () => {
    it('is nothing that a partition speaks of before it is used', async () => {
      const { position } = await set('a', '1');

      expect(hasTtls(position)).toBe(false);
      expect(await read(['a'])).toEqual({ values: ['1'], ttls: undefined });
    });

    it('marks every position from the first write on that has one', async () => {
      const first = await set('a', '1', LONG_MS);
      const second = await set('b', '1');
      const third = await write({ deletes: ['a', 'b'] });

      for (const { position } of [first, second, third]) expect(hasTtls(position)).toBe(true);
      expect(hasTtls(await use().space.position(0, soon()))).toBe(true);
      expect(third.position.seq).toBe(3);
    });

    it('comes with the value, less what is over, to everybody who reads', async () => {
      await write({
        sets: [
          ['short', bytes('1'), 60_000],
          ['long', bytes('2'), LONG_MS],
          ['ever', bytes('3')],
        ],
      });

      for (const space of [use().space, await use().openOther()]) {
        const { values, ttls } = await read(['ever', 'missing', 'long', 'short'], space);
        expect(values).toEqual(['3', undefined, '2', '1']);
        expect([ttls?.[0], ttls?.[1]]).toEqual([undefined, undefined]);
        expect(ttls?.[2]).toBeGreaterThan(60_000);
        expect(ttls?.[2]).toBeLessThanOrEqual(LONG_MS);
        expect(ttls?.[3]).toBeGreaterThan(0);
        expect(ttls?.[3]).toBeLessThanOrEqual(60_000);
      }
    });

    it('is read also by one who had read before it was used', async () => {
      const early = await use().openOther();
      await set('a', '1');
      expect(await read(['a'], early)).toEqual({ values: ['1'], ttls: undefined });
      await set('b', '1', LONG_MS);

      const { position, ttls } = await early.read(0, ['a', 'b'], soon());

      expect(hasTtls(position)).toBe(true);
      expect(ttls).toEqual([undefined, expect.any(Number)]);
    });

    it('ends the key: it is not read, found, counted as deleted or compared any more', async () => {
      await write({
        sets: [
          ['a', bytes('1'), SHORT_MS],
          ['b', bytes('1'), SHORT_MS],
          ['c', bytes('1')],
        ],
      });
      await isGone('a');
      await isGone('b');

      const found: string[] = [];
      for await (const keys of use().space.scan('', soon)) found.push(...keys);
      expect(found).toEqual(['c']);
      expect((await write({ deletes: ['a', 'c'] })).existed).toEqual([false, true]);
      const { conflicts } = await write({ sets: [['b', bytes('2')]], conditions: [{ key: 'b', version: null }] });
      expect(conflicts).toBeUndefined();
    });

    it('ends nothing before its time', async () => {
      const before = performance.now();
      await set('a', '1', 500);

      while ((await get('a')) !== undefined);

      // The clocks of store and test need not tick together.
      expect(performance.now() - before).toBeGreaterThan(495);
    });

    it('is replaced and lifted by the next write of the key, also within a batch', async () => {
      await set('a', '1', SHORT_MS);
      await set('a', '2', LONG_MS);
      expect(await ttlOf('a')).toBeGreaterThan(60_000);

      await set('a', '3');
      expect(await read(['a'])).toEqual({ values: ['3'], ttls: [undefined] });

      await set('b', '1', LONG_MS);
      await write({ deletes: ['b'], sets: [['b', bytes('2')]] });
      expect(await ttlOf('b')).toBeUndefined();
    });

    it('is not prolonged by a refused write, and told in the refusal', async () => {
      await set('a', '1', 60_000);

      const { conflicts } = await write({
        sets: [['a', bytes('2'), LONG_MS]],
        conditions: [{ key: 'a', version: versionOf(bytes('0')) }],
      });

      expect(conflicts).toHaveLength(1);
      expect(conflicts?.[0]?.ttlMs).toBeGreaterThan(0);
      expect(conflicts?.[0]?.ttlMs).toBeLessThanOrEqual(60_000);
      expect(await ttlOf('a')).toBeLessThanOrEqual(60_000);
    });

    it('travels with the announcement of an inlined value', async () => {
      const feed = await use().follow();
      await write({
        sets: [
          ['a', bytes('1'), 1],
          ['b', bytes('2'), 2 ** 45],
          ['c', bytes('3')],
        ],
      });

      await feed.messagesAre(1);
      expect(
        feed.messages[0]?.changes.map((change) => (change.type === 'set' && change.bytes && change.ttlMs) ?? false),
      ).toEqual([1, 2 ** 45, false]);
      expect(hasTtls(feed.messages[0]?.position ?? { seq: 0, nonce: 0 })).toBe(true);
    });
  });
}
