import assert from 'node:assert/strict';
import { hasTtls } from '../../../store/position.ts';
import type { Space } from '../../../store/store.ts';
import { until } from '../../until.ts';
import { bytes, soon, text } from '../batches.ts';
import { type Cases, is, type StoreUnderTest } from '../storeUnderTest.ts';

/** Long enough not to be over in any test. */
const LONG_MS = 1_000_000;
/** Short enough to wait for. */
const SHORT_MS = 50;

interface Read {
  readonly values: readonly (string | undefined)[];
  readonly ttls: readonly (number | undefined)[] | undefined;
}

async function read(store: StoreUnderTest, keys: readonly string[], from: Space = store.space): Promise<Read> {
  const { values, ttls } = await from.read(0, keys, soon());
  return { values: Array.from(values, text), ttls: ttls && [...ttls] };
}

async function ttlOf(store: StoreUnderTest, key: string): Promise<number | undefined> {
  return (await read(store, [key])).ttls?.[0];
}

function isGone(store: StoreUnderTest, key: string): Promise<void> {
  return until(`${key} is gone`, async () => (await store.get(key)) === undefined);
}

function assertBetween(low: number, value: number | undefined, high: number): void {
  assert.ok(value !== undefined && value > low && value <= high, `${value} is more than ${low} and at most ${high}`);
}

export const ttlCases: Cases = {
  async 'is nothing that a partition speaks of before it is used'(store) {
    const { position } = await store.set('a', '1');

    assert.equal(hasTtls(position), false);
    assert.deepEqual(await read(store, ['a']), { values: ['1'], ttls: undefined });
  },

  async 'marks every position from the first write on that has one'(store) {
    const first = await store.write({ sets: [['a', bytes('1'), LONG_MS]] });
    const second = await store.set('b', '1');
    const third = await store.write({ deletes: ['a', 'b'] });

    for (const { position } of [first, second, third]) assert.ok(hasTtls(position));
    assert.ok(hasTtls(await store.position()));
    assert.equal(third.position.seq, 3);
  },

  async 'comes with the value, less what is over, to everybody who reads'(store) {
    await store.write({
      sets: [
        ['short', bytes('1'), 60_000],
        ['long', bytes('2'), LONG_MS],
        ['ever', bytes('3')],
      ],
    });

    for (const space of [store.space, await store.openElsewhere()]) {
      const { values, ttls = [] } = await read(store, ['ever', 'missing', 'long', 'short'], space);
      assert.deepEqual(values, ['3', undefined, '2', '1']);
      assert.deepEqual([ttls[0], ttls[1]], [undefined, undefined]);
      assertBetween(60_000, ttls[2], LONG_MS);
      assertBetween(0, ttls[3], 60_000);
    }
  },

  async 'is read also by one who had read before it was used'(store) {
    const early = await store.openElsewhere();
    await store.set('a', '1');
    assert.deepEqual(await read(store, ['a'], early), { values: ['1'], ttls: undefined });
    await store.write({ sets: [['b', bytes('1'), LONG_MS]] });

    const { position, ttls = [] } = await early.read(0, ['a', 'b'], soon());

    assert.ok(hasTtls(position));
    assert.equal(ttls[0], undefined);
    assertBetween(60_000, ttls[1], LONG_MS);
  },

  async 'ends the key: it is not read, found, counted as deleted or compared any more'(store) {
    await store.write({
      sets: [
        ['a', bytes('1'), SHORT_MS],
        ['b', bytes('1'), SHORT_MS],
        ['c', bytes('1')],
      ],
    });
    await isGone(store, 'a');
    await isGone(store, 'b');

    assert.deepEqual(await store.scan(), ['c']);
    assert.deepEqual([...(await store.write({ deletes: ['a', 'c'] })).existed], [false, true]);
    const { conflicts } = await store.write({ sets: [['b', bytes('2')]], conditions: [is('b', null)] });
    assert.equal(conflicts, undefined);
  },

  async 'ends nothing before its time'(store) {
    const before = performance.now();
    await store.write({ sets: [['a', bytes('1'), 500]] });

    await isGone(store, 'a');

    // The clocks of store and test need not tick together.
    assertBetween(495, performance.now() - before, Number.POSITIVE_INFINITY);
  },

  async 'is replaced and lifted by the next write of the key, also within a batch'(store) {
    await store.write({ sets: [['a', bytes('1'), SHORT_MS]] });
    await store.write({ sets: [['a', bytes('2'), LONG_MS]] });
    assertBetween(60_000, await ttlOf(store, 'a'), LONG_MS);

    await store.set('a', '3');
    assert.deepEqual(await read(store, ['a']), { values: ['3'], ttls: [undefined] });

    await store.write({ sets: [['b', bytes('1'), LONG_MS]] });
    await store.write({ deletes: ['b'], sets: [['b', bytes('2')]] });
    assert.equal(await ttlOf(store, 'b'), undefined);
  },

  async 'is not prolonged by a refused write, and told in the refusal'(store) {
    await store.write({ sets: [['a', bytes('1'), 60_000]] });

    const { conflicts } = await store.write({ sets: [['a', bytes('2'), LONG_MS]], conditions: [is('a', '0')] });

    assert.equal(conflicts?.length, 1);
    assertBetween(0, conflicts[0]?.ttlMs, 60_000);
    assertBetween(0, await ttlOf(store, 'a'), 60_000);
  },

  async 'travels with the announcement of an inlined value'(store) {
    const feed = await store.follow();
    await store.write({
      sets: [
        ['a', bytes('1'), 1],
        ['b', bytes('2'), 2 ** 45],
        ['c', bytes('3')],
      ],
    });

    await feed.messagesAre(1);
    const [message] = feed.messages;
    assert.deepEqual(
      message?.changes.map((change) => (change.type === 'set' && change.bytes && change.ttlMs) ?? false),
      [1, 2 ** 45, false],
    );
    assert.ok(hasTtls(message.position));
  },
};
