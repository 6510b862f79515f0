import { afterEach, describe, expect, it } from '@jest/globals';
import { FillGuard, Flight } from '../../lib/cache/fillGuard.ts';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { NEVER, TurnClock } from '../../lib/cache/turnClock.ts';
import { Ahead } from '../../lib/coherence/ahead.ts';
import { Freshness } from '../../lib/coherence/freshness.ts';
import { HeldBack } from '../../lib/coherence/heldBack.ts';
import { type Known, LastKnown } from '../../lib/coherence/lastKnown.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import { Replica } from '../../lib/coherence/replica.ts';
import { Ring } from '../../lib/coherence/ring.ts';
import { Verifier } from '../../lib/coherence/verifier.ts';
import { ChangeHub } from '../../lib/dict/changeHub.ts';
import { OwnWrites as MirroredWrites } from '../../lib/dict/mirror/ownWrites.ts';
import { StateTracker } from '../../lib/dict/stateTracker.ts';
import { ChangeQueue } from '../../lib/dict/watch.ts';
import { Writes } from '../../lib/dict/writes.ts';
import { UnavailableError } from '../../lib/errors.ts';
import { Operation } from '../../lib/write/operation.ts';
import { WriteThrough } from '../../lib/write/writeThrough.ts';
import { MAX_STALENESS_MS } from './profile.ts';
import { replaceMethod } from './replaceMethod.ts';
import { firstViolation } from './simulation.ts';

// Each fault breaks one rule of the library. A simulation that finds nothing then would prove nothing.

/** Seeds in which a planted fault has to be found. */
const SEEDS = 2000;

interface PlantedFault {
  readonly fault: string;
  readonly plant: () => () => void;
  /** What it is found by. */
  readonly found: RegExp;
  /** The first seed: rare ones are looked for where one is. Default 1. */
  readonly from?: number;
}

/** A stale or older value, or a change of which nobody was told. */
const ANY = /goes back|is stale|ends with|own write|was lost|serves nothing|stays ahead|told/;

const none = (): void => {};

const faults: readonly PlantedFault[] = [
  {
    fault: 'a reply that was overtaken is kept',
    plant: () => replaceMethod(Flight.prototype, 'admits', () => () => true),
    found: ANY,
  },
  {
    fault: 'a message is applied whatever came before it',
    plant: () =>
      replaceMethod(
        Partition.prototype,
        'message',
        (message) =>
          function (this: Partition, heard) {
            const previous = this.depart().applied;
            const position = { seq: previous.seq + 1, nonce: heard.position.nonce };
            message.call(this, { ...heard, previous, position });
          },
      ),
    found: ANY,
  },
  {
    fault: 'a reading is taken for equal',
    plant: () =>
      replaceMethod(
        Partition.prototype,
        'reading',
        (reading) =>
          function (this: Partition, position, departure) {
            return reading.call(this, this.isSynced ? departure.applied : position, departure);
          },
      ),
    found: ANY,
  },
  {
    fault: 'what may not be kept leaves an older entry',
    plant: () => replaceMethod(NearCache.prototype, 'remove', () => none),
    found: ANY,
  },
  {
    fault: 'a fork of the history is not seen',
    plant: () =>
      replaceMethod(
        Ring.prototype,
        'relate',
        (relate) =>
          function (this: Ring, position) {
            const relation = relate.call(this, position);
            return relation === 'forked' ? 'known' : relation;
          },
      ),
    found: ANY,
  },
  {
    fault: 'the change log hides what was missed',
    plant: () =>
      replaceMethod(
        Partition.prototype,
        'repair',
        (repair) =>
          function (this: Partition, log, position, departure) {
            const emptied = log.map((call) => ({ ...call, keys: [] }));
            repair.call(this, emptied, position, departure);
          },
      ),
    found: ANY,
    from: 100,
  },
  {
    fault: 'what was read ahead of the feed outlives the history that it came from',
    plant: () => replaceMethod(Ahead.prototype, 'lostAbove', () => () => []),
    found: ANY,
    from: 650,
  },
  {
    fault: 'a mirror forgets an own write when the store has it',
    plant: () => replaceMethod(MirroredWrites.prototype, 'acknowledged', () => none),
    found: /mirror .* (goes back|does not see its own write)/,
    from: 200,
  },
  {
    fault: 'a mirror says that it is younger than it is',
    plant: () =>
      replaceMethod(
        Replica.prototype,
        'proven',
        (original) =>
          function (this: Replica, asOf) {
            original.call(this, asOf + MAX_STALENESS_MS);
          },
      ),
    found: /mirror .* is stale/,
    from: 274,
  },
  {
    fault: 'a proof is believed for too long',
    plant: () =>
      replaceMethod(
        Freshness.prototype,
        'extend',
        (extend) =>
          function (this: Freshness, era) {
            extend.call(this, era);
            era.freshUntil += MAX_STALENESS_MS;
          },
      ),
    found: /is stale|ends with/,
  },
  {
    fault: 'a process that was paused goes by the time at which it stopped',
    plant: () =>
      replaceMethod(
        TurnClock.prototype,
        'look',
        (look) =>
          function (this: TurnClock) {
            const { now } = this;
            look.call(this);
            if (now !== NEVER && this.now - now > 50) this.now = now;
          },
      ),
    found: /is stale/,
  },
  {
    fault: 'what was dropped comes back as the last known value',
    plant: () => {
      const kept = new WeakMap<LastKnown, Map<string, Known>>();
      return replaceMethod(
        LastKnown.prototype,
        'read',
        (read) =>
          async function (this: LastKnown, key) {
            const ofThis = kept.get(this) ?? new Map<string, Known>();
            kept.set(this, ofThis);
            const known = await read.call(this, key).catch(() => ofThis.get(key));
            if (known === undefined) throw new UnavailableError('The store is away.');
            ofThis.set(key, known);
            return known;
          },
      );
    },
    found: ANY,
  },
  {
    fault: 'who waits for a write that was replaced is forgotten',
    plant: () =>
      replaceMethod(
        Operation.prototype,
        'overwrite',
        (overwrite) =>
          function (this: Operation, content, waiter) {
            overwrite.call(this, content, waiter && { applied: none, failed: none });
          },
      ),
    found: new RegExp(`never settles|after it had been refused|${ANY.source}`),
  },
  {
    fault: 'a flight is never ended',
    plant: () => replaceMethod(FillGuard.prototype, 'end', () => none),
    found: /keeps a flight/,
  },
  {
    fault: 'a flush does not wait',
    plant: () => replaceMethod(WriteThrough.prototype, 'settled', () => async () => {}),
    found: ANY,
  },
  {
    fault: 'a failure in the background is kept from flush()',
    plant: () => replaceMethod(Writes.prototype, 'addFailure', () => none),
    found: /flush lists|close lists/,
  },
  {
    fault: 'a change that was held back is never told',
    plant: () => replaceMethod(HeldBack.prototype, 'release', () => none),
    found: /told/,
    from: 250,
  },
  {
    fault: 'a watcher forgets a change',
    plant: () =>
      replaceMethod(
        ChangeQueue.prototype,
        'push',
        (push) =>
          function (this: ChangeQueue, change) {
            if (change.type !== 'delete') push.call(this, change);
          },
      ),
    found: /told/,
    from: 100,
  },
  {
    fault: 'watchers are not ended',
    plant: () => replaceMethod(ChangeHub.prototype, 'close', () => none),
    found: /never settles/,
  },
  {
    fault: 'the state does not recover',
    plant: () =>
      replaceMethod(
        StateTracker.prototype,
        'answered',
        (answered) =>
          function (this: StateTracker, id, failure, partitions) {
            if (failure !== undefined) answered.call(this, id, failure, partitions);
          },
      ),
    found: /stays offline/,
  },
  {
    fault: 'a position is not read again after a failure',
    plant: () => replaceMethod(Verifier.prototype, 'close', () => none),
    found: /keeps \d+ timers/,
  },
];

describe('the checker notices when', () => {
  let restore = none;
  afterEach(() => {
    restore();
  });

  it.each(faults)(
    '$fault',
    async ({ plant, found, from = 1 }) => {
      restore = plant();

      expect(await firstViolation(SEEDS, from)).toMatch(found);
    },
    600_000,
  );
});
