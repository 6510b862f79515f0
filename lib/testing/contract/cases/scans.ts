import assert from 'node:assert/strict';
import { bytes, soon } from '../batches.ts';
import type { Cases, StoreUnderTest } from '../storeUnderTest.ts';

async function setAll(store: StoreUnderTest, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 500) {
    await store.write({ sets: keys.slice(at, at + 500).map((key) => [key, bytes('1')]) });
  }
}

/** Asserts what is found by each of the prefixes. */
async function assertFound(store: StoreUnderTest, keys: readonly string[], prefixes: readonly string[]): Promise<void> {
  for (const prefix of prefixes) {
    const expected = keys.filter((key) => key.startsWith(prefix)).toSorted();
    assert.deepEqual([prefix, await store.scan(prefix)], [prefix, expected]);
  }
}

export const scanCases: Cases = {
  async 'finds each key once, and only those that start with the prefix'(store) {
    const keys = Array.from({ length: 2500 }, (_, index) => `${index % 2 === 0 ? 'even' : 'odd'}:${index}`);
    await setAll(store, keys);

    await assertFound(store, keys, ['', 'odd:', 'neither']);
  },

  async 'misses no key when it may be rough'(store) {
    const keys = Array.from({ length: 2500 }, (_, index) => `${index % 2 === 0 ? 'even' : 'odd'}:${index}`);
    await setAll(store, keys);

    const found = new Set<string>();
    for await (const some of store.space.scan('odd:', soon, true)) for (const key of some) found.add(key);

    assert.deepEqual([...found].toSorted(), keys.filter((key) => key.startsWith('odd:')).toSorted());
  },

  async 'takes no character of a prefix for a pattern'(store) {
    const keys = ['*', '**', 'a*b', 'aXb', '?', 'x', '[a]', 'a', '[^a]', '\\', '\\*', 'a\\', '^', ']', '{a}', '-'];
    const sqlToo = ['%', '_', 'a%b', 'a_b', "'", '"', '$', '.', '.*', '>'];
    await setAll(store, [...keys, ...sqlToo]);

    await assertFound(store, [...keys, ...sqlToo], [...keys, ...sqlToo]);
  },

  async 'finds keys and prefixes of any script'(store) {
    const keys = [
      'ключ:один',
      'ключ:два',
      '鍵',
      '鍵盤',
      '😀',
      '😀😀',
      'é',
      'e\u0301',
      '\ufeffbom',
      '\ufffd',
      '\ufeff\ufffd',
    ];
    await setAll(store, keys);

    await assertFound(store, keys, ['', 'ключ:', '鍵', '😀']);
  },

  async 'can be given up half way'(store) {
    await setAll(
      store,
      Array.from({ length: 1000 }, (_, index) => String(index)),
    );

    for await (const keys of store.space.scan('', soon)) {
      assert.ok(keys.length > 0);
      break;
    }

    assert.equal(await store.get('1'), '1');
  },
};
