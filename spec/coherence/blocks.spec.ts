import { describe, expect, it } from '@jest/globals';
import { type FeedListener, type NearDict, openDict, type Snapshot, type Space, type Store } from 'neardict';
import { freshNamespace, openInMemory } from '../support/openInMemory.ts';
import { until } from '../support/until.ts';
import { type Gate, gate, wrapStore } from '../support/wrapStore.ts';

interface Numbers {
  [key: string]: number;
}

/** Reads the entries of a space in one block. */
async function readBlock(space: Space, deadline: number): Promise<Snapshot & { readonly keys: readonly string[] }> {
  const keys: string[] = [];
  for await (const some of space.scan('', () => deadline)) keys.push(...some);
  return { keys, ...(await space.read(0, keys, deadline)) };
}

interface Held {
  readonly namespace: string;
  readonly store: Store;
  /** A block that was read in the store waits here on its way back. */
  readonly way: Gate;
  readonly feed: () => FeedListener;
  /** Keys that were asked for singly. */
  readonly reads: (readonly string[])[];
  /** Values that somebody wrote past the library, by key. */
  readonly foreign: Map<string, Uint8Array>;
}

/** A store in memory whose blocks are held on their way. */
function holdBlocks(): Held {
  const way = gate();
  const reads: (readonly string[])[] = [];
  const foreign = new Map<string, Uint8Array>();
  let feed: FeedListener | undefined;
  const store = wrapStore((space) => ({
    async read(partition, keys, deadline) {
      reads.push(keys);
      const snapshot = await space.read(partition, keys, deadline);
      return { ...snapshot, values: snapshot.values.map((value, index) => foreign.get(keys[index] ?? '') ?? value) };
    },
    async block(_partition, _prefix, _cursor, deadline) {
      const { keys, values, ...others } = await readBlock(space, deadline);
      const held = { ...others, keys, values: values.map((value, index) => foreign.get(keys[index] ?? '') ?? value) };
      await way.pass();
      return { ...held, next: undefined };
    },
    follow(partition, listener, deadline) {
      feed = listener;
      return space.follow(partition, listener, deadline);
    },
  }));
  return { namespace: freshNamespace(), store, way, reads, foreign, feed: () => feed as FeedListener };
}

async function openBoth({ namespace, store }: Held): Promise<[NearDict<Numbers>, NearDict<Numbers>]> {
  return [await openInMemory<Numbers>({ namespace }), await openDict<Numbers>({ namespace, store })];
}

describe('a block that was overtaken', () => {
  it('by a message leaves the newer cached value in its place', async () => {
    const held = holdBlocks();
    const [writer, handle] = await openBoth(held);
    await writer.setMany({ a: 1, b: 1 });
    expect(await handle.get('a')).toBe(1);

    const snapshot = handle.snapshot();
    await held.way.reached;
    await writer.set('a', 2);
    await until('the message has come', async () => (await handle.get('a')) === 2);
    held.way.open();

    expect(await snapshot).toEqual({ a: 1, b: 1 });
    const before = held.reads.length;
    expect(await handle.get('a')).toBe(2);
    expect(held.reads).toHaveLength(before);
    await Promise.all([writer.close(), handle.close()]);
  });

  it('by a change that gave no position is not taken for newer than what was read since', async () => {
    const held = holdBlocks();
    const [writer, handle] = await openBoth(held);
    await writer.setMany({ a: 1, b: 1, two: 2 });
    expect(await handle.getMany(['a', 'two'])).toEqual({ a: 1, two: 2 });

    const snapshot = handle.snapshot();
    await held.way.reached;
    held.foreign.set('a', Uint8Array.of(2));
    held.feed().foreign('a', 'set');
    expect(await handle.get('a')).toBe(2);
    held.way.open();

    expect(await snapshot).toEqual({ a: 1, b: 1, two: 2 });
    expect(await handle.get('a')).toBe(2);
    await Promise.all([writer.close(), handle.close()]);
  });

  it('is not what a mirror shows', async () => {
    const held = holdBlocks();
    const [writer, handle] = await openBoth(held);
    await writer.setMany({ a: 1, b: 1, c: 1 });
    const opening = handle.mirror();
    await held.way.reached;
    await writer.set('a', 2);
    await writer.delete('b');
    await writer.set('d', 1);
    held.way.open();

    const mirror = await opening;

    expect({ ...mirror.config }).toEqual({ a: 2, c: 1, d: 1 });
    await Promise.all([writer.close(), handle.close()]);
  });
});

describe('a walk by blocks', () => {
  it('takes a block apart when the next one is on its way', async () => {
    const events: string[] = [];
    const store = wrapStore((space) => ({
      async block(partition, _prefix, cursor, deadline) {
        events.push(`asked for ${cursor || 'the first'}`);
        const { position } = await space.read(partition, [], deadline);
        const key = cursor === '' ? 'a' : 'b';
        return {
          position,
          next: cursor === '' ? 'the last' : undefined,
          values: [Uint8Array.of(1)],
          get keys() {
            if (events.at(-1) !== `took ${key}`) events.push(`took ${key}`);
            return [key];
          },
        };
      },
    }));
    const handle = await openDict<Numbers>({ namespace: freshNamespace(), store });

    expect(await handle.snapshot()).toEqual({ a: 1, b: 1 });

    expect(events).toEqual(['asked for the first', 'asked for the last', 'took a', 'took b']);
    await handle.close();
  });

  it('brings what is cached up to date, and caches nothing else', async () => {
    const held = holdBlocks();
    held.way.open();
    const [writer, handle] = await openBoth(held);
    await writer.setMany({ a: 1, b: 1 });
    expect(await handle.get('a')).toBe(1);
    held.foreign.set('a', Uint8Array.of(2));

    expect(await handle.snapshot()).toEqual({ a: 2, b: 1 });

    expect(await handle.get('a')).toBe(2);
    expect(handle.stats().entries).toBe(1);
    await Promise.all([writer.close(), handle.close()]);
  });

  it('can be given up', async () => {
    const held = holdBlocks();
    const [writer, handle] = await openBoth(held);
    const abortion = new AbortController();

    const snapshot = handle.snapshot({ signal: abortion.signal });
    await held.way.reached;
    abortion.abort(new Error('enough'));

    await expect(snapshot).rejects.toThrow('enough');
    held.way.open();
    await Promise.all([writer.close(), handle.close()]);
  });
});
