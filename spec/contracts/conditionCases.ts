import { describe, expect, it } from '@jest/globals';
import type { Batch, Conflict, Receipt, Space } from 'neardict';
import { versionOf } from '../../lib/store/version.ts';
import { batch, bytes, soon, text } from '../support/batches.ts';
import type { FeedRecorder } from '../support/feedRecorder.ts';

/** What the cases of a contract work with; new for each case. */
export interface SpaceUnderTest {
  readonly space: Space;
  /** Follows the space. */
  readonly follow: () => Promise<FeedRecorder>;
  /** Another opener of the same namespace. */
  readonly openOther: () => Promise<Space>;
}

/** What every store promises of batches with conditions and tickets. */
export function conditionCases(use: () => SpaceUnderTest): void {
  const write = (parts: Partial<Batch>, to: Space = use().space): Promise<Receipt> => to.write(0, batch(parts), soon());
  const set = (key: string, value: string, conditions: Batch['conditions'], to?: Space): Promise<Receipt> =>
    write({ sets: [[key, bytes(value)]], conditions }, to);
  const get = async (key: string): Promise<string | undefined> =>
    text((await use().space.read(0, [key], soon())).values[0]);
  const is = (key: string, value: string | null): NonNullable<Batch['conditions']>[number] => ({
    key,
    version: value === null ? null : versionOf(bytes(value)),
  });

  describe('a batch with conditions', () => {
    it('is applied when all of them hold', async () => {
      await write({ sets: [['a', bytes('1')]] });

      const receipt = await write({
        deletes: ['a'],
        sets: [['b', bytes('2')]],
        conditions: [is('a', '1'), is('b', null), is('c', null)],
      });

      expect(receipt.conflicts).toBeUndefined();
      expect(receipt).toMatchObject({ position: { seq: 2 }, existed: [true] });
      expect([await get('a'), await get('b')]).toEqual([undefined, '2']);
    });

    it('changes and announces nothing when one does not hold, and says which and what is stored', async () => {
      const { position } = await write({
        sets: [
          ['a', bytes('1')],
          ['b', bytes('2')],
        ],
      });
      const { space, follow } = use();
      const feed = await follow();

      const receipt = await write({
        deletes: ['b'],
        sets: [
          ['a', bytes('9')],
          ['c', bytes('9')],
        ],
        conditions: [is('a', '1'), is('b', '1'), is('c', '1'), is('d', null)],
      });

      expect(receipt).toMatchObject({ position, existed: [] });
      expect(receipt.conflicts?.map(plain)).toEqual([
        { key: 'b', text: '2', ttlMs: undefined },
        { key: 'c', text: undefined, ttlMs: undefined },
      ]);
      expect((await space.read(0, ['a', 'b', 'c'], soon())).values.map(text)).toEqual(['1', '2', undefined]);
      expect(await space.position(0, soon())).toEqual(position);
      const next = await set('a', '2', [is('a', '1')]);
      await feed.heard(next.position);
      expect(feed.messages.map(({ previous }) => previous)).toEqual([position]);
    });

    it('takes a missing key and an empty value for two things', async () => {
      await write({ sets: [['empty', bytes('')]] });

      expect((await set('empty', '1', [is('empty', null)])).conflicts?.map(plain)).toEqual([
        { key: 'empty', text: '', ttlMs: undefined },
      ]);
      expect((await set('missing', '1', [is('missing', '')])).conflicts).toHaveLength(1);
      expect((await set('empty', '1', [is('empty', '')])).conflicts).toBeUndefined();
    });

    it('can compare keys that it does not write, and write keys that it does not compare', async () => {
      await write({ sets: [['lock', bytes('mine')]] });

      expect((await set('a', '1', [is('lock', 'mine')])).conflicts).toBeUndefined();
      expect((await set('a', '2', [is('lock', 'theirs')])).conflicts).toHaveLength(1);
      expect(await get('a')).toBe('1');
    });

    it('lets exactly one of many creators win, and shows the others what it wrote', async () => {
      const { space, openOther } = use();
      const spaces = [space, await openOther(), await openOther()];

      const receipts = await Promise.all(
        Array.from({ length: 60 }, (_, index) => set('key', String(index), [is('key', null)], spaces[index % 3])),
      );

      const winners = receipts.flatMap(({ conflicts }, index) => (conflicts === undefined ? [String(index)] : []));
      expect(winners).toEqual([await get('key')]);
      const seen = receipts.flatMap(({ conflicts = [] }) => conflicts.map((conflict) => text(conflict.bytes)));
      expect(new Set(seen)).toEqual(new Set(winners));
    });

    it('loses no increment', async () => {
      const { space, openOther } = use();
      const spaces = [space, await openOther(), await openOther(), await openOther()];
      await write({ sets: [['n', bytes('0')]] });

      await Promise.all(
        spaces.map(async (each) => {
          let known = '0';
          for (let left = 50; left > 0;) {
            const { conflicts } = await set('n', String(Number(known) + 1), [is('n', known)], each);
            if (conflicts === undefined) left--;
            known = conflicts === undefined ? String(Number(known) + 1) : (text(conflicts[0]?.bytes) ?? '');
          }
        }),
      );

      expect(await get('n')).toBe('200');
    });

    it('is compared as a whole, a thousand keys at once', async () => {
      const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
      await write({ sets: keys.map((key) => [key, bytes(key)]) });

      const conditions = keys.map((key) => is(key, key));
      const sets = keys.map((key) => [key, bytes(`${key}!`)] as const);
      const applied = await write({ sets, conditions });
      const refused = await write({ deletes: keys, conditions });

      expect(applied.conflicts).toBeUndefined();
      expect(refused.conflicts?.map(({ key }) => key)).toEqual(keys);
      expect((await use().space.read(0, keys, soon())).values.map(text)).toEqual(keys.map((key) => `${key}!`));
    });
  });

  describe('a batch with a ticket', () => {
    const ticket = (number: number, holder: number = 0xabcd_ef01_2345): Batch['ticket'] => ({ holder, number });

    it('is applied once, however often it is sent, and tells the position that it made', async () => {
      const sent = { sets: [['a', bytes('1')]], ticket: ticket(1) } as const;
      const first = await write(sent);
      const other = await write({ sets: [['a', bytes('2')]] });

      const again = await write(sent);

      expect(first.isRepeated ?? false).toBe(false);
      expect(again).toMatchObject({ position: first.position, existed: [], isRepeated: true });
      expect(await get('a')).toBe('2');
      expect(await use().space.position(0, soon())).toEqual(other.position);
    });

    it('is not applied any more when a later one of its holder was', async () => {
      await write({ sets: [['a', bytes('2')]], ticket: ticket(2) });

      await write({ sets: [['a', bytes('1')]], ticket: ticket(1) }).catch(() => {});

      expect(await get('a')).toBe('2');
      expect((await use().space.position(0, soon())).seq).toBe(1);
    });

    it('is applied beside those of other holders, whatever their numbers', async () => {
      await write({ sets: [['a', bytes('1')]], ticket: ticket(2 ** 47) });
      await write({ sets: [['b', bytes('1')]], ticket: ticket(1, 1) });
      await write({ sets: [['c', bytes('1')]], ticket: ticket(2 ** 47 + 1) });

      expect([await get('a'), await get('b'), await get('c')]).toEqual(['1', '1', '1']);
    });

    it('knows itself before it compares: what it has changed is no conflict', async () => {
      const sent = { sets: [['a', bytes('1')]], conditions: [is('a', null)], ticket: ticket(1) } as const;
      await write(sent);

      const again = await write(sent);

      expect(again).toMatchObject({ isRepeated: true });
      expect(again.conflicts).toBeUndefined();
    });

    it('that was refused can be sent again, and is applied once its conditions hold', async () => {
      const sent = { deletes: ['b'], sets: [], conditions: [is('a', '1')], ticket: ticket(1) } as const;
      expect((await write(sent)).conflicts).toHaveLength(1);
      await write({ sets: [['a', bytes('1')]] });

      const again = await write(sent);

      expect(again.conflicts).toBeUndefined();
      expect(again).toMatchObject({ position: { seq: 2 }, existed: [false] });
      expect(await write(sent)).toMatchObject({ position: again.position, isRepeated: true });
    });
  });
}

function plain({ key, bytes: stored, ttlMs }: Conflict): object {
  return { key, text: text(stored), ttlMs };
}
