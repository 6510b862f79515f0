import assert from 'node:assert/strict';
import type { Change } from '../../../store/store.ts';
import { versionOf } from '../../../store/version.ts';
import { bytes, text } from '../batches.ts';
import { type Cases, plainPosition } from '../storeUnderTest.ts';

function plain(change: Change): readonly unknown[] {
  return change.type === 'set' ? [change.type, change.key, text(change.bytes)] : [change.type, change.key];
}

function versionIn(change: Change): string | undefined {
  if (change.type === 'delete') return undefined;
  return change.bytes === undefined ? change.version : versionOf(change.bytes);
}

export const messageCases: Cases = {
  async 'has the position that it continues, the one that it made, its origin and its changes'(store) {
    const feed = await store.follow();
    const writer = await store.openElsewhere({ origin: 42 });
    await store.set('gone', '1', writer);
    const before = await store.set('stays', '1', writer);

    const { position } = await store.write({ deletes: ['gone', 'missing'], sets: [['a', bytes('1')]] }, writer);

    await feed.messagesAre(3);
    const message = feed.messages[2];
    assert.ok(message);
    assert.deepEqual(plainPosition(message.previous), plainPosition(before.position));
    assert.deepEqual(plainPosition(message.position), plainPosition(position));
    assert.deepEqual([message.origin, message.clear], [42, false]);
    assert.deepEqual(Array.from(message.changes, plain), [
      ['delete', 'gone'],
      ['delete', 'missing'],
      ['set', 'a', '1'],
    ]);
  },

  async 'tells of a key that a batch deletes and sets as set alone'(store) {
    const feed = await store.follow();

    await store.write({ deletes: ['a', 'b'], sets: [['a', bytes('1')]] });

    await feed.messagesAre(1);
    assert.deepEqual(feed.messages[0]?.changes.map(plain), [
      ['delete', 'b'],
      ['set', 'a', '1'],
    ]);
  },

  async 'tells of a clear without the single deletes'(store) {
    await store.write({ sets: ['a', 'b'].map((key) => [key, bytes('1')]) });
    const feed = await store.follow();

    const { existed, position } = await store.write({ deletes: ['a', 'b'], clear: true });

    assert.deepEqual([...existed], [true, true]);
    await feed.heard(position);
    const message = feed.messages.at(-1);
    assert.deepEqual([message?.position.seq, message?.clear, message?.changes.length], [position.seq, true, 0]);
  },

  async 'brings a value of up to inlineBytes, and of any other at least its version'(store) {
    const feed = await store.follow();
    const values = [0, 1, 255, 256, 257, 5000].map((size) => new Uint8Array(size).fill(size));
    for (const [index, value] of values.entries()) await store.write({ sets: [[`key ${index}`, value]] });

    await feed.messagesAre(values.length);
    for (const [index, value] of values.entries()) {
      const change = feed.messages[index]?.changes[0];
      assert.ok(change?.type === 'set');
      if (value.length <= 256) assert.deepEqual(change.bytes && [...change.bytes], [...value]);
      assert.equal(versionIn(change), versionOf(value));
    }
  },

  async 'has the version of each value where no value may travel'(store) {
    const writer = await store.open({ inlineBytes: 0 });
    const feed = await store.follow();

    await store.set('a', 'hello', writer);
    await store.set('empty', '', writer);

    await feed.messagesAre(2);
    const changes = feed.messages.flatMap((message) => message.changes);
    assert.deepEqual(changes.map(versionIn), [versionOf(bytes('hello')), versionOf(new Uint8Array())]);
  },

  async 'carries keys of any script unharmed'(store) {
    const feed = await store.follow();
    const keys = ['ключ', '鍵', '😀', 'e\u0301', 'a\0b', 'k'.repeat(1024)];
    const deletes = keys.map((key) => `not ${key}`);

    await store.write({ deletes, sets: keys.map((key) => [key, bytes('1')]) });

    await feed.messagesAre(1);
    assert.deepEqual(
      feed.messages[0]?.changes.map(({ key }) => key),
      [...deletes, ...keys],
    );
  },

  async 'of a large batch arrives, too'(store) {
    const feed = await store.follow();
    const keys = Array.from({ length: 1000 }, (_, index) => `${index} ${'k'.repeat(200)}`);

    await store.write({ sets: keys.map((key) => [key, new Uint8Array(200)]) });

    await feed.messagesAre(1);
    assert.deepEqual(feed.messages[0]?.changes.map(({ key }) => key).toSorted(), keys.toSorted());
  },
};
