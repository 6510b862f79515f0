import assert from 'node:assert/strict';
import { bytes, soon } from '../batches.ts';
import { type Cases, plainPosition } from '../storeUnderTest.ts';

export const changeLogCases: Cases = {
  async 'is empty at the origin'(store) {
    assert.equal((await store.space.log(0, soon())).length, 0);
  },

  async 'tells of each write its position and its keys, newest first'(store) {
    const first = await store.set('a', '1');
    const second = await store.write({ deletes: ['a', 'schlüssel 🔑'], sets: [['b', bytes('1')]] });

    const calls = await store.space.log(0, soon());

    assert.deepEqual(
      Array.from(calls, ({ position, keys }) => [plainPosition(position), keys?.toSorted()]),
      [
        [plainPosition(second.position), ['a', 'b', 'schlüssel 🔑']],
        [plainPosition(first.position), ['a']],
      ],
    );
  },

  async 'tells of a clear that any key may have changed'(store) {
    await store.write({ deletes: ['a'], clear: true });

    const [call] = await store.space.log(0, soon());
    assert.deepEqual([call?.position.seq, call?.keys], [1, undefined]);
  },

  async 'names the keys of a large batch, or says that it can be any'(store) {
    const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
    await store.write({ sets: keys.map((key) => [key, bytes('1')]) });

    const [call] = await store.space.log(0, soon());
    assert.ok(call);
    if (call.keys !== undefined) assert.deepEqual(call.keys.toSorted(), keys.toSorted());
  },

  async 'holds the last 256 writes, without a gap, and not many more'(store) {
    let last = 0;
    for (let index = 0; index < 400; index++) last = (await store.set('a', String(index))).position.seq;

    const seqs = Array.from(await store.space.log(0, soon()), ({ position }) => position.seq);
    assert.deepEqual(
      seqs.slice(0, 256),
      Array.from({ length: 256 }, (_, index) => last - index),
    );
    assert.ok(seqs.length < 400);
  },
};
