import assert from 'node:assert/strict';
import { ORIGIN } from '../../../store/position.ts';
import { versionOf } from '../../../store/version.ts';
import { bytes, soon, text } from '../batches.ts';
import { type Cases, plainPosition } from '../storeUnderTest.ts';

export const readingCases: Cases = {
  async 'finds nothing at the origin of a namespace that was never written'(store) {
    const { position, values } = await store.space.read(0, ['a', 'b'], soon());

    assert.deepEqual(plainPosition(position), ORIGIN);
    assert.deepEqual([...values], [undefined, undefined]);
    assert.deepEqual(await store.position(), ORIGIN);
  },

  async 'returns a value for each key in the order asked, undefined for a missing one'(store) {
    await store.set('a', '1');
    await store.set('b', '2');

    assert.deepEqual(await store.getMany(['b', 'missing', 'a', 'b']), ['2', undefined, '1', '2']);
  },

  async 'returns the position with the values, also for no keys at all'(store) {
    const { position } = await store.set('a', '1');

    assert.deepEqual((await store.space.read(0, ['a'], soon())).position, position);
    const nothing = await store.space.read(0, [], soon());
    assert.deepEqual([nothing.position, nothing.values.length], [position, 0]);
  },

  async 'takes values and position in one step while others write'(store) {
    const other = await store.openElsewhere();
    const writing = Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const value = bytes(String(index));
        return store.write({ sets: ['left', 'right'].map((key) => [key, value]) }, other);
      }),
    );
    const reading = Array.from({ length: 200 }, () => store.space.read(0, ['left', 'right'], soon()));
    const snapshots = await Promise.all(reading);
    const valueAt = new Map((await writing).map(({ position }, index) => [position.seq, String(index)]));

    for (const { position, values } of snapshots) {
      const value = valueAt.get(position.seq);
      assert.deepEqual(Array.from(values, text), [value, value]);
    }
  },

  async 'returns the bytes that were written, whatever they are'(store) {
    const binary = Uint8Array.from({ length: 256 }, (_, index) => index);
    const written = [binary, binary.subarray(250), new Uint8Array(), bytes('\r\n$-1\r\n\0ü')];
    const keys = ['binary', 'view', 'empty', 'text'];
    await store.write({ sets: written.map((value, index) => [keys[index] ?? '', value]) });

    const { values } = await store.space.read(0, keys, soon());

    assert.deepEqual(
      Array.from(values, (value) => value && [...value]),
      written.map((value) => [...value]),
    );
  },

  async 'returns a large value whole'(store) {
    const large = new Uint8Array(3 * 1024 * 1024).fill(7);
    await store.write({ sets: [['large', large]] });

    const [value = new Uint8Array()] = (await store.space.read(0, ['large'], soon())).values;

    assert.equal(versionOf(value), versionOf(large));
  },
};
