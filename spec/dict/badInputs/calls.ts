import { expect } from '@jest/globals';
import { BackpressureError, type NearDict, type Store } from 'neardict';
import { type Gate, gate, wrapStore } from '../../support/wrapStore.ts';
import { all, codeOf, errorOf, type Row, type Stage } from './row.ts';

/** Keys of one call: more than are applied as one step. */
const MANY = 12_000;
/** Of assignments that nobody awaited: keys with write-back, bytes with write-through. */
const MAX_DIRTY = 10_000;
const MAX_MIB = 256;
const reason = new Error('enough');

/** The store, whose writes wait at the gate. */
function held(store: Store, hold: Gate): Store {
  return wrapStore(
    (space) => ({
      async write(...args) {
        await hold.pass();
        return space.write(...args);
      },
    }),
    store,
  );
}

const writes = [
  (handle: NearDict, signal: AbortSignal) => handle.set('a', 2, { signal }),
  (handle: NearDict, signal: AbortSignal) => handle.setMany({ a: 2 }, { signal }),
  (handle: NearDict, signal: AbortSignal) => handle.delete('a', { signal }),
] as const;

/** How many turns of the event loop an operation leaves to others. */
async function turnsDuring(operation: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let turning = setImmediate(function turn() {
    turns++;
    turning = setImmediate(turn);
  });
  await operation();
  clearImmediate(turning);
  return turns;
}

async function meetsMany(stage: Stage): Promise<void> {
  const handle = await stage.open({ cache: { maxItems: 1000 }, timeout: '60s' });
  const keys = Array.from({ length: MANY }, (_, index) => `key-${index}`);
  const half = keys.slice(0, MANY / 2);

  const turns = await turnsDuring(async () => {
    await handle.setMany(keys.map((key) => [key, 1] as const));
    await handle.deleteMany(half);
  });
  await handle.getMany(keys.slice(-2000));
  const { entries } = handle.stats();
  const size = await handle.size();
  await handle.clear();

  expect(turns).toBeGreaterThan(0);
  expect(entries).toBeLessThanOrEqual(1000);
  expect(size).toBe(MANY / 2);
  expect(await handle.size()).toBe(0);
}

export const calls: readonly Row[] = [
  {
    input: 'use after close, and close twice',
    expected: 'is a ClosedError, and one end, which waits for what is being written',
    check: async (stage) => {
      const hold = gate();
      const handle = await stage.open({ store: held(stage.store, hold) });
      const order: string[] = [];
      handle.dict['a'] = 1;
      const flushed = handle.flush().then(() => order.push('flushed'));
      await hold.reached;

      const closed = [handle.close(), handle.close()].map((closing) => closing.then(() => order.push('closed')));
      const uses = [
        () => handle.set('a', 2),
        () => (handle.dict['a'] = 2),
        () => handle.delete('a'),
        () => handle.get('a', { fresh: true }),
        () => handle.flush(),
      ];
      const whileClosing = await Promise.all(uses.slice(0, 3).map(codeOf));
      order.push('opened');
      hold.open();
      await Promise.all([flushed, ...closed]);
      const afterwards = await Promise.all(uses.map(codeOf));

      expect(order[0]).toBe('opened');
      expect(new Set([...whileClosing, ...afterwards])).toEqual(new Set(['ERR_NEARDICT_CLOSED']));
      expect(await (await stage.open()).get('a')).toBe(1);
    },
  },
  {
    input: 'a signal that is aborted before a write is sent, and after it',
    expected: 'is its reason, and nothing is written; then an AmbiguousWriteError',
    check: all(
      async (stage) => {
        const handle = await stage.open();
        await handle.set('a', 1);
        for (const write of writes) {
          expect(await errorOf(() => write(handle, AbortSignal.abort(reason)))).toBe(reason);
          const controller = new AbortController();
          const writing = write(handle, controller.signal);
          controller.abort(reason);
          expect(await errorOf(() => writing)).toBe(reason);
        }
        await handle.flush();
        expect(await handle.get('a', { fresh: true })).toBe(1);
      },
      async (stage) => {
        for (const write of writes) {
          const hold = gate();
          const handle = await stage.open({ store: held(stage.store, hold) });
          const controller = new AbortController();
          const writing = write(handle, controller.signal);
          await hold.reached;
          controller.abort(reason);
          expect(await errorOf(() => writing)).toMatchObject({ code: 'ERR_NEARDICT_AMBIGUOUS_WRITE', cause: reason });
          hold.open();
        }
      },
    ),
  },
  {
    input: `${MANY} keys in one call`,
    expected: 'are met in steps between which other work goes on, and the cache stays within its limit',
    check: meetsMany,
  },
  {
    input: 'more assignments than may wait for the store',
    expected: 'are a BackpressureError, and none that was taken is lost',
    check: async (stage) => {
      const handle = await stage.open({ maxValueBytes: 2 ** 21, timeout: '60s' });
      const isBack = stage.write === 'back';
      const limit = isBack ? MAX_DIRTY : MAX_MIB;
      const value = isBack ? 1 : new Uint8Array(2 ** 20);
      const keys = Array.from({ length: limit }, (_, index) => `key-${index}`);
      // All in one turn: nothing is sent before what waits is replaced by what is sooner sent.
      for (const key of keys) handle.dict[key] = value;
      expect(() => (handle.dict['one more'] = value)).toThrow(BackpressureError);
      for (const key of keys) handle.dict[key] = 2;
      await handle.flush();
      const kept = Object.entries(await (await stage.open()).snapshot());
      expect(kept).toHaveLength(limit);
      expect(kept.filter(([, found]) => found !== 2)).toEqual([]);
    },
  },
];
