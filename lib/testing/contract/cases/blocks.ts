import assert from 'node:assert/strict';
import type { Block, Space } from '../../../store/store.ts';
import { bytes, soon, text } from '../batches.ts';
import { type Cases, plainPosition, rejects, type StoreUnderTest } from '../storeUnderTest.ts';

/** Everything, block after block; `undefined`: the store has no blocks. */
async function blocksOf({ space }: StoreUnderTest, prefix = ''): Promise<Block[] | undefined> {
  if (space.block === undefined) return undefined;
  const blocks: Block[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const block: Block = await space.block(0, prefix, cursor, soon());
    blocks.push(block);
    cursor = block.next;
  }
  return blocks;
}

/** What blocks bring. */
function entriesOf(blocks: readonly Block[]): Map<string, string | undefined> {
  return new Map(blocks.flatMap(({ keys, values }) => keys.map((key, index) => [key, text(values[index])] as const)));
}

function sorted(entries: ReadonlyMap<string, string | undefined>): (readonly [string, string | undefined])[] {
  return [...entries].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

async function assertBrought(store: StoreUnderTest, all: ReadonlyMap<string, string>, prefix: string): Promise<void> {
  const blocks = await blocksOf(store, prefix);
  if (blocks === undefined) return;
  const wanted = new Map([...all].filter(([key]) => key.startsWith(prefix)));
  assert.deepEqual([prefix, sorted(entriesOf(blocks))], [prefix, sorted(wanted)]);
}

async function setAll(store: StoreUnderTest, all: ReadonlyMap<string, string>): Promise<void> {
  await store.write({ sets: [...all].map(([key, value]) => [key, bytes(value)]) });
}

/** Of a store that brings its entries in blocks, too. Others have nothing to keep here. */
export const blockCases: Cases = {
  async 'bring every entry, and only those whose key starts with the prefix'(store) {
    const all = new Map<string, string>();
    for (let index = 0; index < 2500; index++) all.set(`${index % 2 === 0 ? 'even' : 'odd'}:${index}`, String(index));
    await setAll(store, all);

    for (const prefix of ['', 'odd:', 'neither']) await assertBrought(store, all, prefix);
  },

  async 'bring keys and values of any kind and size'(store) {
    const sizes = [0, 1, 31, 32, 255, 256, 65_535, 65_536];
    const all = new Map(sizes.map((size) => [`${'k'.repeat(Math.min(size, 1000))}-${size}`, 'v'.repeat(size)]));
    for (const key of ['ключ', '鍵', '😀', '\ufeffbom', '\ufffd', '[a]', '*', '\\', '__proto__'])
      all.set(key, `of ${key}`);
    await setAll(store, all);

    for (const prefix of ['', 'k', '😀', '[', '*', '\\']) await assertBrought(store, all, prefix);
  },

  async 'bring the position, and the times to live'(store) {
    await store.set('a', '1');
    await store.write({ sets: [['b', bytes('2'), 100_000]] });

    const blocks = (await blocksOf(store)) ?? [];

    for (const { position } of blocks) assert.deepEqual(plainPosition(position), await store.position());
    const ttls = new Map(blocks.flatMap(({ keys, ttls: some = [] }) => keys.map((key, index) => [key, some[index]])));
    if (blocks.length === 0) return;
    assert.equal(ttls.get('a'), undefined);
    const ttl = ttls.get('b') ?? 0;
    assert.ok(ttl > 60_000 && ttl <= 100_000, `${ttl} ms are left`);
  },

  async 'of nothing are empty'(store) {
    assert.deepEqual(entriesOf((await blocksOf(store)) ?? []), new Map());
  },

  async 'are refused after close'(store) {
    const space: Space = await store.open();
    await space.close();

    if (space.block !== undefined) await rejects(space.block(0, '', '', soon()), 'ERR_NEARDICT_CLOSED');
  },
};
