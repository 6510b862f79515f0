import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  AmbiguousWriteError,
  ClosedError,
  ConnectTimeoutError,
  FlushError,
  type NearDict,
  openDict,
  type Space,
  type Store,
  UnavailableError,
} from 'neardict';
import { type TestStore, testStore, until } from 'neardict/testing';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { gate, wrapStore } from '../support/wrapStore.ts';

const TIMEOUT_MS = 200;

afterEach(() => {
  jest.restoreAllMocks();
});

interface Opened {
  readonly control: TestStore;
  readonly handle: NearDict;
}

async function openUnreliable(
  options: object = {},
  wrap: (control: TestStore) => Store = (control) => control,
): Promise<Opened> {
  const control = testStore();
  const namespace = freshNamespace();
  await using writer = await openDict({ namespace, store: control.elsewhere });
  await writer.setMany({ x: 1, y: 1 });
  const handle = await openDict({
    namespace,
    store: wrap(control),
    timeout: TIMEOUT_MS,
    maxStaleness: 100,
    cache: false,
    ...options,
  });
  return { control, handle };
}

interface Row {
  readonly method: string;
  readonly call: (handle: NearDict) => Promise<unknown>;
  readonly error: new (...args: never[]) => Error;
}

const rows: readonly Row[] = [
  { method: 'dict.key', call: async (handle) => handle.reads['x'], error: UnavailableError },
  { method: 'get', call: (handle) => handle.get('x'), error: UnavailableError },
  { method: 'get fresh', call: (handle) => handle.get('x', { fresh: true }), error: UnavailableError },
  { method: 'getMany', call: (handle) => handle.getMany(['x', 'y']), error: UnavailableError },
  { method: 'has', call: (handle) => handle.has('x'), error: UnavailableError },
  { method: 'getEntry', call: (handle) => handle.getEntry('x'), error: UnavailableError },
  { method: 'set', call: (handle) => handle.set('w', 1), error: AmbiguousWriteError },
  { method: 'setMany', call: (handle) => handle.setMany({ w: 1, v: 1 }), error: AmbiguousWriteError },
  { method: 'delete', call: (handle) => handle.delete('w'), error: AmbiguousWriteError },
  { method: 'deleteMany', call: (handle) => handle.deleteMany(['w', 'v']), error: AmbiguousWriteError },
  { method: 'clear', call: (handle) => handle.clear(), error: AmbiguousWriteError },
  { method: 'watch', call: (handle) => handle.watch('x', { initial: true }).next(), error: UnavailableError },
  { method: 'values', call: (handle) => handle.values().next(), error: UnavailableError },
  { method: 'entries', call: (handle) => handle.entries().next(), error: UnavailableError },
  { method: 'snapshot', call: (handle) => handle.snapshot(), error: UnavailableError },
  {
    method: 'flush',
    call: (handle) => {
      handle.dict['x'] = 1;
      return handle.flush();
    },
    error: FlushError,
  },
  {
    method: 'close',
    call: (handle) => {
      handle.dict['x'] = 1;
      return handle.close();
    },
    error: FlushError,
  },
];

/** Walks and feeds go on. */
function ignoreCalls(control: TestStore): void {
  control.ignore('read', 'write', 'position');
}

/** The store, without an end of calls that it ignores. */
function unending(control: TestStore): Store {
  const forget = <R>(call: Promise<R>): Promise<R> =>
    new Promise((resolve) => {
      call.then(resolve, () => {});
    });
  return wrapStore(
    (space): Partial<Space> => ({
      read: (...args) => forget(space.read(...args)),
      write: (...args) => forget(space.write(...args)),
      position: (...args) => forget(space.position(...args)),
    }),
    control,
  );
}

describe.each([
  { store: 'a store that is silent', wrap: undefined },
  { store: 'a store whose promises never settle', wrap: unending },
])('with $store', ({ wrap }) => {
  it('every operation rejects, as what it is', async () => {
    jest.spyOn(process, 'emitWarning').mockReturnValue();
    const outcomes = rows.map(async ({ method, call }) => {
      const { control, handle } = await openUnreliable({}, wrap);
      ignoreCalls(control);
      const outcome = await call(handle).catch((error: unknown) => (error as Error).constructor.name);
      control.heal();
      await handle.close().catch(() => {});
      return [method, outcome];
    });

    expect(await Promise.all(outcomes)).toEqual(rows.map(({ method, error }) => [method, error.name]));
  });

  it('goes on when the store is back', async () => {
    const { control, handle } = await openUnreliable({}, wrap);

    ignoreCalls(control);
    await expect(handle.set('x', 1)).rejects.toThrow(AmbiguousWriteError);
    await expect(handle.get('x')).rejects.toThrow(UnavailableError);
    control.heal();
    const succeeds = (): Promise<boolean> =>
      handle.set('x', 2).then(
        () => true,
        () => false,
      );
    await until('a write gets through', succeeds);

    await until('it is read', async () => (await handle.get('x').catch(() => undefined)) === 2);
    await handle.close();
  });
});

describe('a store that', () => {
  it('never opens is a ConnectTimeoutError', async () => {
    const store = { name: 'dead', defaultPartitions: 1, open: () => new Promise<never>(() => {}) };

    await expect(openDict({ namespace: freshNamespace(), store, connectTimeout: 50 })).rejects.toThrow(
      ConnectTimeoutError,
    );
  });

  it('never confirms the feed is a ConnectTimeoutError', async () => {
    const store = wrapStore(() => ({ follow: () => new Promise<never>(() => {}) }));

    await expect(openInMemory({ store, connectTimeout: 50 })).rejects.toThrow(ConnectTimeoutError);
  });

  it('never closes does not hold up close()', async () => {
    const store = wrapStore(() => ({ close: () => new Promise<never>(() => {}) }));
    const handle = await openInMemory({ store, timeout: 50 });
    const told: string[] = [];
    handle.on('close', () => told.push('close'));

    await expect(handle.close()).rejects.toThrow(UnavailableError);

    expect(told).toEqual(['close']);
  });
});

describe('a fresh read', () => {
  it.each([
    { method: 'get fresh', call: (handle: NearDict) => handle.get('x', { fresh: true }) },
    { method: 'getEntry', call: (handle: NearDict) => handle.getEntry('x') },
  ])('behind an own write that does not end rejects within its own timeout: $method', async ({ call }) => {
    const hold = gate();
    const store = wrapStore((space) => ({
      async write(...args) {
        await hold.pass();
        return space.write(...args);
      },
    }));
    await using handle = await openInMemory({ store, timeout: TIMEOUT_MS });
    const writing = handle.set('x', 1);
    await hold.reached;

    await expect(call(handle)).rejects.toThrow(/own write/);

    hold.open();
    await writing;
  });
});

describe('flush', () => {
  it('given up by its signal rejects with the reason, and leaves failures to the next one', async () => {
    const { control, handle } = await openUnreliable();
    handle.on('error', () => {});
    const controller = new AbortController();
    const reason = new Error('enough');
    ignoreCalls(control);
    handle.dict['x'] = 1;

    const flushing = handle.flush({ signal: controller.signal });
    await turn();
    controller.abort(reason);
    await expect(flushing).rejects.toBe(reason);
    await expect(handle.flush({ signal: controller.signal })).rejects.toBe(reason);

    await expect(handle.flush()).rejects.toThrow(FlushError);
    await handle.flush();
    control.heal();
    await handle.close();
  });
});

describe('close()', () => {
  it('tells once of a background write under way, and leaves an awaited one to who awaits it', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    let givenUp = 0;
    const counting = (store: Store): Store =>
      wrapStore(
        (space) => ({
          write: (...args) =>
            space.write(...args).catch((error: unknown) => {
              givenUp++;
              throw error;
            }),
        }),
        store,
      );
    const { control, handle } = await openUnreliable({ timeout: 300 }, counting);
    const errors: unknown[] = [];
    handle.on('error', (error) => errors.push(error));
    ignoreCalls(control);
    handle.dict['background'] = 1;
    const awaited = handle.set('awaited', 1).catch((error: unknown) => error);
    await until('they are under way', () => control.calls.write === 1);

    const closing = handle.close({ timeout: 10 });
    await expect(closing).rejects.toMatchObject({ failed: 1, errors: [{ key: 'background' }] });

    expect(errors).toEqual([expect.any(AmbiguousWriteError)]);
    expect(await awaited).toBeInstanceOf(AmbiguousWriteError);
    await until('the store has given it up', () => givenUp === 1);
    await turn();
    expect(warn).not.toHaveBeenCalled();
  });

  it('ends a clear that waits', async () => {
    const { control, handle } = await openUnreliable();
    ignoreCalls(control);
    const clearing = handle.clear().catch((error: unknown) => error);
    await until('it is under way', () => control.calls.write === 1);

    handle.destroy();

    expect(await clearing).toBeInstanceOf(AmbiguousWriteError);
    await expect(handle.get('x')).rejects.toThrow(ClosedError);
  });
});

async function exhaust(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

describe('a signal that outlives many operations', () => {
  const operations: readonly {
    readonly method: string;
    readonly call: (handle: NearDict, signal: AbortSignal) => unknown;
  }[] = [
    { method: 'get', call: (handle, signal) => handle.get('x', { signal }) },
    { method: 'get fresh', call: (handle, signal) => handle.get('x', { signal, fresh: true }) },
    { method: 'getMany', call: (handle, signal) => handle.getMany(['x', 'y'], { signal }) },
    { method: 'has', call: (handle, signal) => handle.has('x', { signal }) },
    { method: 'getEntry', call: (handle, signal) => handle.getEntry('x', { signal }) },
    { method: 'set', call: (handle, signal) => handle.set('x', 1, { signal }) },
    { method: 'setMany', call: (handle, signal) => handle.setMany({ x: 1 }, { signal }) },
    { method: 'delete', call: (handle, signal) => handle.delete('x', { signal }) },
    { method: 'deleteMany', call: (handle, signal) => handle.deleteMany(['x'], { signal }) },
    { method: 'clear', call: (handle, signal) => handle.clear({ signal }) },
    { method: 'keys', call: (handle, signal) => exhaust(handle.keys({ signal })) },
    { method: 'values', call: (handle, signal) => exhaust(handle.values({ signal })) },
    { method: 'entries', call: (handle, signal) => exhaust(handle.entries({ signal })) },
    { method: 'size', call: (handle, signal) => handle.size({ signal }) },
    { method: 'snapshot', call: (handle, signal) => handle.snapshot({ signal }) },
    { method: 'flush', call: (handle, signal) => handle.flush({ signal }) },
    {
      method: 'watch',
      call: async (handle, signal) => {
        for await (const _ of handle.watch('x', { signal, initial: true })) break;
      },
    },
  ];

  it.each(operations)('is left without a listener by $method', async ({ call }) => {
    await using handle = await openInMemory();
    const { signal } = new AbortController();
    await handle.setMany({ x: 1, y: 2 });

    await call(handle, signal);
    await turn();

    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gets one listener from getMany, not one for each key', async () => {
    const hold = gate();
    const store = wrapStore((space) => ({
      async read(...args) {
        await hold.pass();
        return space.read(...args);
      },
    }));
    await using handle = await openInMemory({ store });
    const { signal } = new AbortController();

    const reading = handle.getMany(['a', 'b', 'c'], { signal });
    await hold.reached;
    const listeners = getEventListeners(signal, 'abort').length;
    hold.open();
    await reading;

    expect(listeners).toBe(1);
  });
});
