import assert from 'node:assert/strict';
import type { Conflict, Receipt, Space } from '../../../store/store.ts';
import { bytes, text } from '../batches.ts';
import { type Cases, is, plainPosition, type StoreUnderTest } from '../storeUnderTest.ts';

/** Sets a key on one condition. */
function setIf(
  store: StoreUnderTest,
  key: string,
  value: string,
  condition: ReturnType<typeof is>,
  to?: Space,
): Promise<Receipt> {
  return store.write({ sets: [[key, bytes(value)]], conditions: [condition] }, to);
}

function plain(conflicts: readonly Conflict[] | undefined): unknown {
  return conflicts?.map(({ key, bytes: stored, ttlMs }) => [key, text(stored), ttlMs]);
}

export const conditionCases: Cases = {
  async 'is applied when all of them hold'(store) {
    await store.set('a', '1');

    const { conflicts, position, existed } = await store.write({
      deletes: ['a'],
      sets: [['b', bytes('2')]],
      conditions: [is('a', '1'), is('b', null), is('c', null)],
    });

    assert.deepEqual([conflicts, position.seq, [...existed]], [undefined, 2, [true]]);
    assert.deepEqual(await store.getMany(['a', 'b']), [undefined, '2']);
  },

  async 'changes and announces nothing when one does not hold, and says which and what is stored'(store) {
    await store.set('a', '1');
    const { position } = await store.set('b', '2');
    const feed = await store.follow();

    const receipt = await store.write({
      deletes: ['b'],
      sets: ['a', 'c'].map((key) => [key, bytes('9')]),
      conditions: [is('a', '1'), is('b', '1'), is('c', '1'), is('d', null)],
    });

    assert.deepEqual([receipt.position, receipt.existed.length], [position, 0]);
    assert.deepEqual(plain(receipt.conflicts), [
      ['b', '2', undefined],
      ['c', undefined, undefined],
    ]);
    assert.deepEqual(await store.getMany(['a', 'b', 'c']), ['1', '2', undefined]);
    assert.deepEqual(await store.position(), plainPosition(position));
    const next = await setIf(store, 'a', '2', is('a', '1'));
    await feed.heard(next.position);
    // What was written before may be heard late.
    const later = feed.messages.filter((message) => message.position.seq > position.seq);
    assert.deepEqual(
      later.map(({ previous }) => plainPosition(previous)),
      [plainPosition(position)],
    );
  },

  async 'takes a missing key and an empty value for two things'(store) {
    await store.set('empty', '');

    assert.deepEqual(plain((await setIf(store, 'empty', '1', is('empty', null))).conflicts), [
      ['empty', '', undefined],
    ]);
    assert.equal((await setIf(store, 'missing', '1', is('missing', ''))).conflicts?.length, 1);
    assert.equal((await setIf(store, 'empty', '1', is('empty', ''))).conflicts, undefined);
  },

  async 'can compare keys that it does not write, and write keys that it does not compare'(store) {
    await store.set('lock', 'mine');

    assert.equal((await setIf(store, 'a', '1', is('lock', 'mine'))).conflicts, undefined);
    assert.equal((await setIf(store, 'a', '2', is('lock', 'theirs'))).conflicts?.length, 1);
    assert.equal(await store.get('a'), '1');
  },

  async 'lets exactly one of many creators win, and shows the others what it wrote'(store) {
    const spaces = [store.space, await store.openElsewhere(), await store.openElsewhere()];

    const receipts = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        setIf(store, 'key', String(index), is('key', null), spaces[index % spaces.length]),
      ),
    );

    const winners = receipts.flatMap(({ conflicts }, index) => (conflicts === undefined ? [String(index)] : []));
    assert.deepEqual(winners, [await store.get('key')]);
    const seen = receipts.flatMap(({ conflicts = [] }) => conflicts.map((conflict) => text(conflict.bytes)));
    assert.deepEqual([...new Set(seen)], winners);
  },

  async 'loses no increment'(store) {
    const others = [await store.openElsewhere(), await store.openElsewhere(), await store.openElsewhere()];
    await store.set('n', '0');

    await Promise.all(
      [store.space, ...others].map(async (space) => {
        let known = '0';
        for (let left = 50; left > 0;) {
          const next = String(Number(known) + 1);
          const { conflicts } = await setIf(store, 'n', next, is('n', known), space);
          if (conflicts === undefined) left--;
          known = conflicts === undefined ? next : (text(conflicts[0]?.bytes) ?? '');
        }
      }),
    );

    assert.equal(await store.get('n'), '200');
  },

  async 'is compared as a whole, a thousand keys at once'(store) {
    const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
    await store.write({ sets: keys.map((key) => [key, bytes(key)]) });

    const conditions = keys.map((key) => is(key, key));
    const applied = await store.write({ sets: keys.map((key) => [key, bytes(`${key}!`)]), conditions });
    const refused = await store.write({ deletes: keys, conditions });

    assert.equal(applied.conflicts, undefined);
    assert.deepEqual(
      refused.conflicts?.map(({ key }) => key),
      keys,
    );
    assert.deepEqual(
      await store.getMany(keys),
      keys.map((key) => `${key}!`),
    );
  },
};
