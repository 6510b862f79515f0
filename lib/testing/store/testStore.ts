import { type Duration, durationMs } from '../../duration.ts';
import { ConnectTimeoutError } from '../../errors.ts';
import { Deadlines } from '../../store/deadline.ts';
import { type MemoryNamespaces, memoryStoreOver } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { type FakeClock, fakeClock } from '../clock.ts';
import { type CallKind, type Fault, Faults, type Hold, Signal } from './faults.ts';
import { FaultySpace } from './faultySpace.ts';

/** A store in memory whose connection is under control. Faults add up, and concern every dictionary that is open on it. */
export interface TestStore extends Store {
  /** Another process' way to the same entries, which no fault concerns. */
  readonly elsewhere: Store;
  /** By which entries live, and copies of them age. */
  readonly clock: FakeClock;
  /** Calls of each kind so far, whatever became of them; of a scan, its batches. */
  readonly calls: Readonly<Record<CallKind, number>>;
  /** Dictionaries that are open on it. */
  readonly opened: number;
  /**
   * Cuts the connection that brings messages. It comes back by itself; messages of the time between are lost.
   *
   * @param lasting - Default: until the next turn of the event loop.
   */
  drop(lasting?: Duration): Fault;
  /**
   * Puts the store out of reach until it is healed.
   *
   * @param how - `refused`, the default: calls fail at once and did nothing, and the feed is cut, as when a server has
   *   ended. `silent`: calls are not answered, and messages get lost with nobody told, as when a cable is cut: every call
   *   takes its whole `timeout`.
   */
  partition(how?: 'refused' | 'silent'): Fault;
  /**
   * Lets calls fail at once and do nothing, as with a store that is full. Messages go on.
   *
   * @param kinds - Default: all.
   */
  refuse(...kinds: readonly CallKind[]): Fault;
  /**
   * Lets calls do nothing and be answered by nobody: they end by their `timeout`. Messages go on.
   *
   * @param kinds - Default: all.
   */
  ignore(...kinds: readonly CallKind[]): Fault;
  /** Lets replies and messages come later by this much. */
  delay(by: Duration): Fault;
  /**
   * Lets calls do what they do, and keeps their replies back until released. A call whose `timeout` ends meanwhile fails
   * as usual.
   *
   * @param kinds - Default: all.
   */
  hold(...kinds: readonly CallKind[]): Hold;
  /** Lets messages get lost, with nobody told, until healed. */
  lose(): Fault;
  /** Ends every fault. */
  heal(): void;
}

/**
 * A store to test with how an application does when its connection fails: the same store as `memoryStore()`, with entries
 * of its own.
 *
 * @param options - `clock`: for several stores with one time; default: one of its own.
 *
 * @example
 * const store = testStore();
 * const settings = await openDict({ namespace: 'settings', store });
 * store.partition();
 * await settings.set('a', 1); // rejects with UnavailableError
 */
export function testStore({ clock = fakeClock() }: { readonly clock?: FakeClock } = {}): TestStore {
  const namespaces: MemoryNamespaces = new Map();
  const inner = memoryStoreOver(namespaces, clock.now);
  const faults = new Faults();
  const deadlines = new Deadlines({ resolutionMs: 5 });
  const calls: Record<CallKind, number> = { read: 0, write: 0, position: 0, log: 0, scan: 0, peers: 0 };
  let opened = 0;

  return {
    name: inner.name,
    defaultPartitions: inner.defaultPartitions,
    now: clock.now,
    async open(options, deadline) {
      await deadlines.within(faults.reachable(), deadline, outOfReach);
      const space = await inner.open(options, deadline);
      opened++;
      return new FaultySpace(space, faults, {
        called: (kind) => calls[kind]++,
        closed: () => opened--,
      });
    },
    elsewhere: { ...inner, now: clock.now },
    clock,
    calls,
    get opened() {
      return opened;
    },
    drop(lasting = 0) {
      const ms = durationMs('lasting', lasting, 0);
      const timer = setTimeout(() => {
        fault.end();
      }, ms);
      const fault = faults.begin({ cutsFeed: true }, () => {
        clearTimeout(timer);
      });
      return fault;
    },
    partition(how = 'refused') {
      return faults.begin(
        how === 'refused'
          ? { isAway: true, fate: () => 'refused', cutsFeed: true }
          : { isAway: true, fate: () => 'unanswered', losesMessages: true },
      );
    },
    refuse: (...kinds) => faults.begin({ fate: (kind) => (isAmong(kinds, kind) ? 'refused' : undefined) }),
    ignore: (...kinds) => faults.begin({ fate: (kind) => (isAmong(kinds, kind) ? 'unanswered' : undefined) }),
    delay(by) {
      return faults.begin({ delayMs: durationMs('by', by, 0) });
    },
    hold: (...kinds) => holdReplies(faults, kinds),
    lose: () => faults.begin({ losesMessages: true }),
    heal() {
      faults.endAll();
    },
  };
}

function holdReplies(faults: Faults, kinds: readonly CallKind[]): Hold {
  const [reached, released] = [new Signal(), new Signal()];
  const hold = (kind: CallKind): Promise<void> | undefined => {
    if (!isAmong(kinds, kind)) return undefined;
    reached.give();
    return released.given;
  };
  const fault = faults.begin({ hold }, () => {
    released.give();
  });
  return { ...fault, reached: reached.given };
}

function isAmong(kinds: readonly CallKind[], kind: CallKind): boolean {
  return kinds.length === 0 || kinds.includes(kind);
}

function outOfReach(): Error {
  return new ConnectTimeoutError('The test store was out of reach until connectTimeout.');
}
