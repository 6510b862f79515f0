import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  AmbiguousWriteError,
  ClosedError,
  FlushError,
  type NearDict,
  openDict,
  type Space,
  type Store,
  UnavailableError,
} from 'neardict';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { type Gate, gate, wrapStore } from '../support/wrapStore.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

interface Refusable {
  isRefusing: boolean;
  readonly store: Store;
}

/** A store that refuses every write while `isRefusing`. */
function refusable(): Refusable {
  const control: Refusable = {
    isRefusing: true,
    store: wrapStore((space) => ({
      write: (...args: Parameters<Space['write']>) =>
        control.isRefusing ? Promise.reject(new UnavailableError('The store is full.')) : space.write(...args),
    })),
  };
  return control;
}

/** A store whose writes wait at a gate. */
function heldBack(): { readonly hold: Gate; readonly store: Store } {
  const hold = gate();
  const store = wrapStore((space) => ({
    async write(...args) {
      await hold.pass();
      return space.write(...args);
    },
  }));
  return { hold, store };
}

const silent = (): void => {};

describe('flush', () => {
  it('resolves when everything written is in the store', async () => {
    const namespace = freshNamespace();
    await using handle = await openDict<Record<string, number>>({ namespace });
    await using other = await openDict<Record<string, number>>({ namespace });

    handle.dict['a'] = 1;
    void handle.set('b', 2);
    delete handle.dict['c'];
    await handle.flush();

    expect(await other.get('a', { fresh: true })).toBe(1);
    expect(await other.get('b', { fresh: true })).toBe(2);
    expect(handle.stats().pendingWrites).toBe(0);
  });

  it('resolves when nothing was written', async () => {
    await using handle = await openInMemory();

    await handle.flush();

    expect(handle.stats().bytesOut).toBe(0);
  });

  it('rejects once with the keys and reasons of all background writes that failed', async () => {
    const { store } = refusable();
    await using handle = await openInMemory({ store });
    handle.on('error', silent);

    handle.dict['a'] = 1;
    delete handle.dict['b'];
    const error = await handle.flush().then(
      () => undefined,
      (caught: unknown) => caught as FlushError,
    );
    await handle.flush();

    expect(error).toBeInstanceOf(FlushError);
    expect(error?.failed).toBe(2);
    expect(error?.errors.map(({ key }) => key)).toEqual(['a', 'b']);
    expect(error?.errors.every(({ error: reason }) => reason instanceof UnavailableError)).toBe(true);
    expect(error?.cause).toBe(error?.errors[0]?.error);
  });

  it('tells of a write that was on its way also when a newer one of its key is given up', async () => {
    const { hold, store } = heldBack();
    const handle = await openInMemory({ store });
    jest.spyOn(process, 'emitWarning').mockReturnValue();
    handle.dict['a'] = 1;
    await hold.reached;
    void handle.set('a', 2).catch(silent);
    const flush = handle.flush();

    handle.destroy();

    await expect(flush).rejects.toMatchObject({ failed: 1, errors: [{ key: 'a' }] });
  });

  it('says nothing of writes that somebody waited for', async () => {
    const { store } = refusable();
    await using handle = await openInMemory({ store });

    await expect(handle.set('a', 1)).rejects.toThrow(UnavailableError);
    await expect(handle.setMany({ b: 1 })).rejects.toThrow(UnavailableError);
    await expect(handle.delete('c')).rejects.toThrow(UnavailableError);

    await handle.flush();
    expect(handle.stats().pendingWrites).toBe(0);
  });

  it('lists a thousand failures and counts all', async () => {
    const { store } = refusable();
    await using handle = await openInMemory({ store });
    handle.on('error', silent);

    for (let index = 0; index < 1500; index++) handle.dict[`key-${index}`] = index;
    const error = await handle.flush().then(
      () => undefined,
      (caught: unknown) => caught as FlushError,
    );

    expect(error?.failed).toBe(1500);
    expect(error?.errors).toHaveLength(1000);
  });

  it('finds what was assigned anew after a failure', async () => {
    const control = refusable();
    await using handle = await openInMemory({ store: control.store });
    handle.on('error', silent);
    handle.dict['a'] = 1;
    await expect(handle.flush()).rejects.toThrow(FlushError);
    const afterFailure = await handle.get('a');

    control.isRefusing = false;
    handle.dict['a'] = 2;
    await handle.flush();

    expect(afterFailure).toBeUndefined();
    expect(await handle.get('a', { fresh: true })).toBe(2);
  });
});

describe('close()', () => {
  it('flushes, and is one promise however often it is called', async () => {
    const namespace = freshNamespace();
    await using other = await openDict<Record<string, number>>({ namespace });
    const handle = await openDict<Record<string, number>>({ namespace });

    handle.dict['a'] = 1;
    const closed = handle.close();

    expect(handle.close()).toBe(closed);
    expect(handle[Symbol.asyncDispose]()).toBe(closed);
    await closed;
    handle.destroy();
    expect(handle.close()).toBe(closed);
    expect(await other.get('a')).toBe(1);
  });

  it('waits for a flush that is under way', async () => {
    const { hold, store } = heldBack();
    const handle = await openInMemory({ store });
    const order: string[] = [];

    handle.dict['a'] = 1;
    const flushed = handle.flush().then(() => order.push('flushed'));
    const closed = handle.close().then(() => order.push('closed'));
    await hold.reached;
    hold.open();
    await Promise.all([flushed, closed]);

    expect(order).toEqual(['flushed', 'closed']);
  });

  it('rejects with the failures, and is closed nevertheless', async () => {
    const { store } = refusable();
    const handle = await openInMemory({ store });
    handle.on('error', silent);

    handle.dict['a'] = 1;

    await expect(handle.close()).rejects.toMatchObject({ failed: 1, errors: [{ key: 'a' }] });
    await expect(handle.get('a')).rejects.toThrow(ClosedError);
  });

  it('rejects with the keys of writes that did not end in time, sent or not', async () => {
    jest.spyOn(process, 'emitWarning').mockReturnValue();
    const { hold, store } = heldBack();
    const handle = await openInMemory({ store });

    handle.dict['sent'] = 1;
    await hold.reached;
    handle.dict['waiting'] = 1;
    const error = await handle.close({ timeout: 20 }).then(
      () => undefined,
      (caught: unknown) => caught as FlushError,
    );

    expect(error).toBeInstanceOf(FlushError);
    expect(new Map(error?.errors.map((failure) => [failure.key, failure.error.constructor]))).toEqual(
      new Map<string, unknown>([
        ['sent', AmbiguousWriteError],
        ['waiting', ClosedError],
      ]),
    );
    hold.open();
    await turn();
  });

  it('takes a duration with a unit', async () => {
    const { hold, store } = heldBack();
    const handle = await openInMemory({ store });
    jest.spyOn(process, 'emitWarning').mockReturnValue();

    handle.dict['a'] = 1;
    await hold.reached;

    await expect(handle.close({ timeout: '20ms' })).rejects.toThrow(FlushError);
    hold.open();
  });

  it.each([Number.NaN, -1, 'soon', null])('refuses the timeout %p and stays open', async (timeout) => {
    await using handle = await openInMemory();

    await expect(handle.close({ timeout: timeout as number })).rejects.toMatchObject({ code: 'ERR_NEARDICT_CONFIG' });

    await handle.set('a', 1);
    expect(await handle.get('a')).toBe(1);
  });

  it('leaves the data to the other handles', async () => {
    const namespace = freshNamespace();
    const first = await openDict({ namespace });
    await first.set('a', 1);
    await first.close();

    await using second = await openDict({ namespace });

    expect(await second.get('a')).toBe(1);
  });
});

it('warns of nothing that close() has reported', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
  const failure = gate();
  const store = wrapStore(() => ({
    async write() {
      await failure.pass();
      throw new UnavailableError('The store is full.');
    },
  }));
  const handle = await openInMemory({ store });
  handle.dict['a'] = 1;
  await failure.reached;

  await expect(handle.close({ timeout: 20 })).rejects.toThrow(FlushError);
  failure.open();
  await turn();

  expect(warn).not.toHaveBeenCalled();
});

describe('destroy', () => {
  it('gives up what was not sent', async () => {
    const { hold, store } = heldBack();
    const handle = await openInMemory({ store });
    handle.on('error', silent);
    void handle.set('sent', 1).catch(silent);
    await hold.reached;
    const waiting = handle.set('waiting', 1);

    handle.destroy();

    await expect(waiting).rejects.toThrow(ClosedError);
    await expect(handle.get('sent')).rejects.toThrow(ClosedError);
    hold.open();
    await handle.close();
  });

  it('called twice does nothing more', async () => {
    const handle = await openInMemory();

    handle.destroy();
    handle.destroy();

    await handle.close();
    expect(() => {
      handle.dict['a'] = 1;
    }).toThrow(ClosedError);
  });
});

type Handle = NearDict;

describe.each([
  { how: 'close()', end: (handle: Handle): Promise<void> => handle.close() },
  {
    how: 'destroy()',
    end: async (handle: Handle): Promise<void> => {
      handle.destroy();
    },
  },
])('once $how was called', ({ end }) => {
  it.each<{ readonly use: string; readonly call: (handle: Handle) => unknown }>([
    { use: 'await dict.key', call: async (handle) => handle.dict['a'] },
    { use: 'dict.key = 1', call: async (handle) => (handle.dict['a'] = 1) },
    { use: 'delete dict.key', call: async (handle) => delete handle.dict['a'] },
    { use: 'get', call: (handle) => handle.get('a') },
    { use: 'get fresh', call: (handle) => handle.get('a', { fresh: true }) },
    { use: 'get of a reserved name', call: (handle) => handle.get('then') },
    { use: 'getMany', call: (handle) => handle.getMany(['a']) },
    { use: 'has', call: (handle) => handle.has('a') },
    { use: 'peek', call: async (handle) => handle.peek('a') },
    { use: 'getEntry', call: (handle) => handle.getEntry('a') },
    { use: 'set', call: (handle) => handle.set('a', 1) },
    { use: 'setMany', call: (handle) => handle.setMany({ a: 1 }) },
    { use: 'setMany of nothing', call: (handle) => handle.setMany({}) },
    { use: 'delete', call: (handle) => handle.delete('a') },
    { use: 'deleteMany', call: (handle) => handle.deleteMany(['a']) },
    { use: 'clear', call: (handle) => handle.clear() },
    { use: 'keys', call: (handle) => handle.keys().next() },
    { use: 'values', call: (handle) => handle.values().next() },
    { use: 'entries', call: (handle) => handle.entries().next() },
    { use: 'for await', call: (handle) => handle[Symbol.asyncIterator]().next() },
    { use: 'size', call: (handle) => handle.size() },
    { use: 'snapshot', call: (handle) => handle.snapshot() },
    { use: 'watch', call: async (handle) => handle.watch() },
    { use: 'watch(key)', call: async (handle) => handle.watch('a') },
    { use: 'flush', call: (handle) => handle.flush() },
  ])('$use is refused with a ClosedError', async ({ call }) => {
    const handle = await openInMemory();
    await handle.set('a', 1);
    await handle.get('a');

    await end(handle);

    await expect(call(handle)).rejects.toThrow(ClosedError);
    await expect(call(handle)).rejects.toThrow(handle.namespace);
  });

  it('what is only looked at still answers', async () => {
    const handle = await openInMemory();
    await handle.set('a', 1);

    await end(handle);

    expect(handle.stats().entries).toBe(0);
    expect(String(handle.dict as unknown)).toBe(`[NearDict ${handle.namespace}]`);
    expect(handle.on('change', silent).off('change', silent)).toBe(handle);
    void handle.dict['a'];
    await turn();
  });

  it('no read shows a write that was under way', async () => {
    const { hold, store } = heldBack();
    const handle = await openInMemory({ store, timeout: 50 });
    void handle.set('a', 1).catch(silent);
    await hold.reached;

    const ended = end(handle).catch(silent);
    handle.destroy();
    await ended;

    await expect(handle.get('a')).rejects.toThrow(ClosedError);
    hold.open();
    await turn();
  });
});
