import assert from 'node:assert/strict';
import { bytes } from '../batches.ts';
import { type Cases, plainPosition } from '../storeUnderTest.ts';

export const writingCases: Cases = {
  async 'moves the position on by one and returns it'(store) {
    const first = await store.set('a', '1');
    assert.equal(first.position.seq, 1);
    assert.deepEqual(await store.position(), plainPosition(first.position));

    const second = await store.write({ deletes: ['a'] });
    assert.equal(second.position.seq, 2);
    assert.notEqual(second.position.nonce, first.position.nonce);
    assert.deepEqual(await store.position(), plainPosition(second.position));
  },

  async 'gives every write a nonce of at most 48 bits of its own'(store) {
    const receipts = await Promise.all(Array.from({ length: 100 }, () => store.set('a', '1')));
    const nonces = receipts.map(({ position }) => position.nonce);

    assert.equal(new Set(nonces).size, 100);
    for (const nonce of nonces) assert.ok(Number.isInteger(nonce) && nonce >= 0 && nonce < 2 ** 48);
  },

  async 'says of each deleted key whether it was there'(store) {
    await store.set('present', '1');

    const { existed } = await store.write({ deletes: ['missing', 'present', 'missing too'] });

    assert.deepEqual([...existed], [false, true, false]);
    assert.equal(await store.get('present'), undefined);
    assert.deepEqual([...(await store.write({ deletes: ['present'] })).existed], [false]);
  },

  async 'deletes before it sets: a key in both lists ends up set, and existed if it was there before'(store) {
    await store.set('old', 'before');

    const { existed } = await store.write({
      deletes: ['old', 'new', 'gone'],
      sets: ['old', 'new'].map((key) => [key, bytes('after')]),
    });

    assert.deepEqual([...existed], [true, false, false]);
    assert.deepEqual(await store.getMany(['old', 'new']), ['after', 'after']);
  },

  async overwrites(store) {
    await store.set('a', '1');
    await store.set('a', '2');

    assert.equal(await store.get('a'), '2');
  },

  async 'takes an empty batch as a write that changes nothing'(store) {
    const feed = await store.follow();

    const { position, existed } = await store.write({});

    assert.deepEqual([position.seq, existed.length], [1, 0]);
    await feed.messagesAre(1);
    const [message] = feed.messages;
    assert.deepEqual([message?.position, message?.changes.length, message?.clear], [position, 0, false]);
  },

  async 'applies a batch of 1000 keys at once'(store) {
    const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
    const { position } = await store.write({ sets: keys.map((key) => [key, bytes(key)]) });

    assert.equal(position.seq, 1);
    assert.deepEqual(await store.getMany(keys), keys);

    const { existed } = await store.write({ deletes: keys });

    assert.deepEqual(
      [...existed],
      keys.map(() => true),
    );
    assert.deepEqual(await store.scan(), []);
  },

  async 'keeps keys apart that differ in case, spaces, normalization or special characters'(store) {
    const keys = ['a', 'A', ' a', 'a ', 'é', 'e\u0301', 'a/b', 'a#b', '#position', 'a*', '__proto__', '\0', '😀'];
    await store.write({ sets: keys.map((key, index) => [key, bytes(String(index))]) });

    assert.deepEqual(
      await store.getMany(keys),
      keys.map((_, index) => String(index)),
    );
    assert.deepEqual(await store.scan(), keys.toSorted());
  },
};
