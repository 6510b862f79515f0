import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, type NearDict, openDict, type Space } from 'neardict';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { type Gate, gate, wrapStore } from '../support/wrapStore.ts';

type Handle = NearDict;
type Call = { readonly method: string; readonly call: (handle: Handle, signal: AbortSignal) => Promise<unknown> };

const reads: readonly Call[] = [
  { method: 'get', call: (handle, signal) => handle.get('x', { signal }) },
  { method: 'get fresh', call: (handle, signal) => handle.get('x', { signal, fresh: true }) },
  { method: 'getMany', call: (handle, signal) => handle.getMany(['x', 'y'], { signal }) },
  { method: 'has', call: (handle, signal) => handle.has('x', { signal }) },
  { method: 'getEntry', call: (handle, signal) => handle.getEntry('x', { signal }) },
];
const walks: readonly Call[] = [
  { method: 'keys', call: (handle, signal) => handle.keys({ signal }).next() },
  { method: 'values', call: (handle, signal) => handle.values({ signal }).next() },
  { method: 'entries', call: (handle, signal) => handle.entries({ signal }).next() },
  { method: 'size', call: (handle, signal) => handle.size({ signal }) },
  { method: 'snapshot', call: (handle, signal) => handle.snapshot({ signal }) },
];
const writes: readonly Call[] = [
  { method: 'set', call: (handle, signal) => handle.set('x', 2, { signal }) },
  { method: 'setMany', call: (handle, signal) => handle.setMany({ x: 2, y: 2 }, { signal }) },
  { method: 'delete', call: (handle, signal) => handle.delete('x', { signal }) },
  { method: 'deleteMany', call: (handle, signal) => handle.deleteMany(['x', 'y', 'x'], { signal }) },
];
const clear: Call = { method: 'clear', call: (handle, signal) => handle.clear({ signal }) };

const reason = new Error('enough');

/** Holds one method of a store with `{ x: 1 }` back, until `hold` is opened. */
async function openHeld(method: 'read' | 'write' | 'scan', hold: Gate): Promise<Handle> {
  const namespace = freshNamespace();
  await using writer = await openDict({ namespace });
  await writer.set('x', 1);
  const store = wrapStore((space): Partial<Space> => {
    if (method === 'scan') {
      return {
        async *scan(...args) {
          await hold.pass();
          yield* space.scan(...args);
        },
      };
    }
    if (method === 'read') {
      return {
        async read(...args) {
          await hold.pass();
          return space.read(...args);
        },
      };
    }
    return {
      async write(...args) {
        await hold.pass();
        return space.write(...args);
      },
    };
  });
  return await openDict({ namespace, store });
}

describe.each([...reads, ...walks, ...writes, clear])('$method', ({ call }) => {
  it('does nothing when the signal is aborted already', async () => {
    await using handle = await openInMemory();
    await handle.set('x', 1);

    await expect(call(handle, AbortSignal.abort(reason))).rejects.toBe(reason);

    expect(await handle.get('x', { fresh: true })).toBe(1);
  });

  it('is not disturbed by a signal that is aborted later', async () => {
    await using handle = await openInMemory();
    const controller = new AbortController();

    await call(handle, controller.signal);
    controller.abort(reason);
    await turn();

    await handle.set('z', 1);
    expect(await handle.get('z')).toBe(1);
  });
});

describe.each(reads)('$method under way', ({ call }) => {
  it('rejects with the reason as soon as it is aborted', async () => {
    const hold = gate();
    await using handle = await openHeld('read', hold);
    const controller = new AbortController();

    const reading = call(handle, controller.signal);
    await hold.reached;
    controller.abort(reason);

    await expect(reading).rejects.toBe(reason);
    hold.open();
  });
});

describe.each(walks)('$method under way', ({ call }) => {
  it('rejects with the reason as soon as it is aborted', async () => {
    const hold = gate();
    await using handle = await openHeld('scan', hold);
    const controller = new AbortController();

    const walking = call(handle, controller.signal);
    await hold.reached;
    controller.abort(reason);

    await expect(walking).rejects.toBe(reason);
    hold.open();
  });
});

describe.each(writes)('$method', ({ call }) => {
  it('aborted before it is sent rejects with the reason and writes nothing', async () => {
    await using handle = await openInMemory();
    await handle.set('x', 1);
    const controller = new AbortController();

    const writing = call(handle, controller.signal);
    // A batch is encoded first, and sent at the end of the tick.
    await Promise.resolve();
    controller.abort(reason);

    await expect(writing).rejects.toBe(reason);
    await handle.flush();
    expect(await handle.snapshot()).toEqual({ x: 1 });
    expect(await handle.get('x')).toBe(1);
  });

  it('aborted after it was sent rejects with AmbiguousWriteError', async () => {
    const hold = gate();
    await using handle = await openHeld('write', hold);
    const controller = new AbortController();

    const writing = call(handle, controller.signal);
    await hold.reached;
    controller.abort(reason);

    await expect(writing).rejects.toThrow(AmbiguousWriteError);
    await expect(writing).rejects.toMatchObject({ cause: reason });
    hold.open();
  });

  it('aborted while it waits behind another call is given up', async () => {
    const hold = gate();
    await using handle = await openHeld('write', hold);
    const first = handle.set('first', 1);
    await hold.reached;
    const controller = new AbortController();

    const writing = call(handle, controller.signal);
    await turn();
    controller.abort(reason);
    await expect(writing).rejects.toBe(reason);
    hold.open();
    await first;

    expect(await handle.snapshot()).toEqual({ first: 1, x: 1 });
  });
});

describe('clear', () => {
  it('aborted before its first delete rejects with the reason and deletes nothing', async () => {
    const hold = gate();
    await using handle = await openHeld('scan', hold);
    const controller = new AbortController();

    const clearing = handle.clear({ signal: controller.signal });
    await hold.reached;
    controller.abort(reason);
    await expect(clearing).rejects.toBe(reason);
    hold.open();
    await turn();
    await handle.flush();

    expect(await handle.get('x', { fresh: true })).toBe(1);
  });

  it('aborted on its way stops there and rejects with AmbiguousWriteError', async () => {
    const namespace = freshNamespace();
    await using writer = await openDict({ namespace });
    await writer.setMany(Array.from({ length: 5000 }, (_, index) => [`key-${index}`, index] as const));
    const hold = gate();
    const store = wrapStore((space) => ({
      async write(...args) {
        await hold.pass();
        return space.write(...args);
      },
    }));
    await using handle = await openDict({ namespace, store });
    const controller = new AbortController();

    const clearing = handle.clear({ signal: controller.signal });
    await hold.reached;
    controller.abort(reason);
    await expect(clearing).rejects.toThrow(AmbiguousWriteError);
    hold.open();
    await handle.flush();
    await turn();

    expect(await writer.size()).toBeGreaterThanOrEqual(3000);
  });
});

describe('a write whose value is being checked', () => {
  it.each<Call>([
    { method: 'set', call: (handle, signal) => handle.set('x', 1, { signal }) },
    { method: 'setMany', call: (handle, signal) => handle.setMany({ x: 1 }, { signal }) },
  ])('is given up as soon as it is aborted: $method', async ({ call }) => {
    const hold = gate();
    const validate = async (value: unknown): Promise<{ readonly value: unknown }> => {
      await hold.pass();
      return { value };
    };
    const each = { '~standard': { version: 1, vendor: 'slow', validate } } as const;
    await using handle = await openInMemory({ each });
    const controller = new AbortController();

    const writing = call(handle, controller.signal);
    await hold.reached;
    controller.abort(reason);
    await expect(writing).rejects.toBe(reason);
    hold.open();
    await turn();

    expect(await handle.snapshot()).toEqual({});
  });
});

describe('a write that shares its call with one that nobody may give up', () => {
  it('is AmbiguousWriteError when aborted, because it may be written', async () => {
    await using handle = await openInMemory();
    const controller = new AbortController();

    const writing = handle.set('x', 1, { signal: controller.signal });
    handle.dict['x'] = 2;
    controller.abort(reason);

    await expect(writing).rejects.toThrow(AmbiguousWriteError);
    expect(await handle.get('x', { fresh: true })).toBe(2);
  });
});

describe('a signal', () => {
  it('gets one listener for any number of calls, of which Node does not warn, and none when they have ended', async () => {
    const { signal } = new AbortController();
    await using handle = await openInMemory();
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);

    const watchers = keys.map((key) => handle.watch(key, { signal }));
    const changes = watchers.map((watcher) => watcher.next());
    const written = keys.map((key, index) => handle.set(key, index, { signal }));
    const read = handle.getMany(keys, { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all([...changes, ...written, read]);
    for (const watcher of watchers) await watcher.return?.();
    await turn();

    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends everything that waits for it', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await using handle = await openHeld('read', gate());

    const waiting = ['x', 'y', 'z'].map((key) => handle.get(key, { signal }));
    const change = handle.watch({ signal }).next();
    controller.abort(reason);

    for (const ending of [...waiting, change]) await expect(ending).rejects.toBe(reason);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
