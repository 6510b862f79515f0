import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AmbiguousWriteError, ConnectTimeoutError, type Space, type Store, UnavailableError } from 'neardict';
import { BoundedSpace } from '../../lib/store/boundedSpace.ts';
import type { FeedListener } from '../../lib/store/store.ts';
import { until } from '../support/until.ts';
import { wrapStore } from '../support/wrapStore.ts';

const DEADLINE_MS = 100;
const GRACE_MS = 1000;
const RESOLUTION_MS = 25;

const never = new Promise<never>(() => {});
const batch = { deletes: [], sets: [], clear: false };
const listener: FeedListener = {
  live() {},
  interrupted() {},
  message() {},
  foreign() {},
  invalidated() {},
  invalidatedAll() {},
  garbled() {},
};
const options = {
  namespace: 'bounded',
  layout: { partitions: 1, hash: 'none', codec: 'none' },
  inlineBytes: 0,
  tracking: false,
  origin: 1,
};

type Method = 'read' | 'write' | 'position' | 'log' | 'scan' | 'follow' | 'close';

interface Row {
  readonly method: Method;
  readonly call: (space: Space, deadline: number) => Promise<unknown>;
  readonly error: new (...args: never[]) => Error;
}

const rows: readonly Row[] = [
  { method: 'read', call: (space, deadline) => space.read(0, ['x'], deadline), error: UnavailableError },
  { method: 'write', call: (space, deadline) => space.write(0, batch, deadline), error: AmbiguousWriteError },
  { method: 'position', call: (space, deadline) => space.position(0, deadline), error: UnavailableError },
  { method: 'log', call: (space, deadline) => space.log(0, deadline), error: UnavailableError },
  {
    method: 'scan',
    call: (space, deadline) => firstOf(space.scan('', () => deadline)),
    error: UnavailableError,
  },
  { method: 'follow', call: (space, deadline) => space.follow(0, listener, deadline), error: ConnectTimeoutError },
  { method: 'close', call: (space) => space.close(), error: UnavailableError },
];

async function firstOf<I>(items: AsyncIterable<I>): Promise<I | undefined> {
  for await (const item of items) return item;
  return undefined;
}

/** A space of which `method` does what `act` does. */
async function openSpace(method: Method, act: () => Promise<never>): Promise<Space> {
  const replaced =
    method === 'scan' ? { scan: () => ({ [Symbol.asyncIterator]: () => ({ next: act }) }) } : { [method]: act };
  return BoundedSpace.open(
    wrapStore(() => replaced),
    options,
    performance.now() + 1000,
    DEADLINE_MS,
  );
}

describe('a bounded space', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** What became of a promise, without waiting for it. */
  function watch(promise: Promise<unknown>): { outcome: unknown } {
    const watched: { outcome: unknown } = { outcome: 'waiting' };
    promise.then(
      (value) => {
        watched.outcome = value;
      },
      (error: unknown) => {
        watched.outcome = error;
      },
    );
    return watched;
  }

  it.each(rows)(
    'ends $method a second after a deadline that the store did not keep',
    async ({ method, call, error }) => {
      const space = await openSpace(method, () => never);
      const watched = watch(call(space, performance.now() + DEADLINE_MS));

      await jest.advanceTimersByTimeAsync(DEADLINE_MS + GRACE_MS - 1);
      expect(watched.outcome).toBe('waiting');
      await jest.advanceTimersByTimeAsync(1 + RESOLUTION_MS);

      expect(watched.outcome).toBeInstanceOf(error);
      await jest.advanceTimersByTimeAsync(2 * RESOLUTION_MS);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  it.each(rows)('rejects where $method throws', async ({ method, call }) => {
    const failure = new Error('a bug of the store');
    const space = await openSpace(method, () => {
      throw failure;
    });

    await expect(call(space, performance.now() + DEADLINE_MS)).rejects.toBe(failure);
  });

  it.each(rows)('lets through how $method ended in time', async ({ method, call }) => {
    const failure = new UnavailableError('refused');
    const space = await openSpace(method, () => Promise.reject(failure));

    await expect(call(space, performance.now() + DEADLINE_MS)).rejects.toBe(failure);
  });

  it.each(rows.slice(0, 2))('leaves $method of a store that sees to its deadlines alone', async ({ method, call }) => {
    const store = wrapStore(() => ({ isPunctual: true, [method]: () => never }));
    const space = await BoundedSpace.open(store, options, performance.now() + 1000, DEADLINE_MS);
    await jest.advanceTimersByTimeAsync(2 * RESOLUTION_MS);

    void call(space, performance.now() + DEADLINE_MS);

    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not opened by a store that does not keep the deadline, and closes what is opened too late', async () => {
    let open!: (space: Space) => void;
    const close = jest.fn(() => Promise.reject(new Error('not open')));
    const store: Store = {
      name: 'slow',
      defaultPartitions: 1,
      open: () =>
        new Promise((resolve) => {
          open = resolve;
        }),
    };
    const watched = watch(BoundedSpace.open(store, options, performance.now() + DEADLINE_MS, DEADLINE_MS));

    await jest.advanceTimersByTimeAsync(DEADLINE_MS + GRACE_MS + RESOLUTION_MS);
    const closedEarly = close.mock.calls.length;
    open({ close } as unknown as Space);
    await jest.advanceTimersByTimeAsync(0);

    expect(watched.outcome).toBeInstanceOf(ConnectTimeoutError);
    expect([closedEarly, close.mock.calls.length]).toEqual([0, 1]);
  });
});

describe('the process', () => {
  it('is not kept alive by what a closed space never answers', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const space = await openSpace('write', () => never);
    await until('nothing is under way', () => timers() <= before);
    space.write(0, batch, performance.now() + 60_000).catch(() => {});
    expect(timers()).toBe(before + 1);

    await space.close();

    expect(timers()).toBe(before);
  });
});
