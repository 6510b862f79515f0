import type { Position } from '../store/position.ts';
import type { Deadline, PartitionId, Space } from '../store/store.ts';
import type { Partition } from './partition.ts';
import type { Verifier } from './verifier.ts';

/** A partition with what belongs to it. */
export interface Followable {
  readonly partition: Partition;
  readonly verifier: Verifier;
  /** A number that grows with every read of the partition, wherever it was served from. */
  readonly activity: () => number;
}

/** Durations in milliseconds. */
export interface FollowingOptions {
  readonly verifyIntervalMs: number;
  /** How long a partition without reads is followed. */
  readonly leaveAfterMs: number;
  /** Longest wait for a feed. */
  readonly timeoutMs: number;
  /** Whether somebody listens to changes of all partitions. */
  readonly isWatched: () => boolean;
  /** Whether somebody wants to hear when the store goes away or comes back. */
  readonly isMonitored: () => boolean;
}

/** Intervals without a read in which the position is read nevertheless. */
const RESTING_BEATS = 2;

/**
 * Follows partitions while they are in use, and has their positions read every interval meanwhile.
 *
 * A partition that nobody reads costs nothing; one that was read is followed for some time, so that a pause does not cost
 * its cached entries. The only partition of a dictionary is never left. Nothing here keeps the process alive.
 */
export class Following {
  readonly #space: Space;
  readonly #parts: readonly Followable[];
  readonly #options: FollowingOptions;
  readonly #followed = new Map<PartitionId, Attendance>();
  /** Watchers of single keys, by partition. */
  readonly #holds = new Map<PartitionId, number>();
  #interval: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(space: Space, parts: readonly Followable[], options: FollowingOptions) {
    this.#space = space;
    this.#parts = parts;
    this.#options = options;
  }

  /** The followed partitions, and the positions applied in them, by number of the partition. */
  get positions(): ReadonlyMap<PartitionId, Position> {
    return new Map([...this.#followed].map(([id, { part }]) => [id, part.partition.applied]));
  }

  /** The followed partitions. */
  get partitions(): readonly Partition[] {
    return [...this.#followed.values()].map(({ part }) => part.partition);
  }

  /** Follows a partition. Resolves when its feed is live, or rejects by the deadline and goes on trying. */
  async follow(id: PartitionId, deadline: Deadline): Promise<void> {
    const part = this.#parts[id];
    if (part === undefined || this.#followed.has(id) || this.#isClosed) return;
    this.#followed.set(id, { part, activity: part.activity(), restingBeats: 0 });
    await this.#space.follow(id, part.partition, deadline);
  }

  followAll(): void {
    for (const id of this.#parts.keys()) this.use(id);
  }

  /** A partition is in use. */
  use(id: PartitionId): void {
    if (this.#followed.has(id)) return;
    this.keepProving();
    this.follow(id, performance.now() + this.#options.timeoutMs).catch(() => {
      // The feed goes on trying; until then the partition is read from the store.
    });
  }

  /** Follows a partition until the returned function is called, and as long afterwards as any other. */
  hold(id: PartitionId): () => void {
    this.#holds.set(id, (this.#holds.get(id) ?? 0) + 1);
    this.use(id);
    this.keepProving();
    return () => {
      const left = (this.#holds.get(id) ?? 1) - 1;
      if (left === 0) this.#holds.delete(id);
      else this.#holds.set(id, left);
    };
  }

  /** The dictionary is in use: the positions of followed partitions are read every interval until they rest. */
  keepProving(): void {
    if (this.#interval !== undefined || this.#isClosed) return;
    for (const attendance of this.#followed.values()) attendance.restingBeats = 0;
    this.#interval = setInterval(() => {
      this.#beat();
    }, this.#options.verifyIntervalMs).unref();
  }

  /** Has the position of every followed partition that has lost sync read at once. */
  verifySuspects(): void {
    for (const { part } of this.#followed.values()) if (!part.partition.isSynced) part.verifier.request();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#interval);
    for (const { verifier, partition } of this.#parts) {
      verifier.close();
      partition.leave();
    }
  }

  #beat(): void {
    let isResting = true;
    for (const [id, attendance] of this.#followed) {
      const { part } = attendance;
      const activity = part.activity();
      attendance.restingBeats = activity === attendance.activity ? attendance.restingBeats + 1 : 0;
      attendance.activity = activity;
      const isNeeded = this.#holds.has(id) || this.#options.isWatched();
      if (isNeeded || attendance.restingBeats <= RESTING_BEATS) part.verifier.request();
      else if (this.#mayLeave(attendance)) this.#leave(id, part);
      else if (this.#parts.length === 1) continue;
      isResting = false;
    }
    if (!isResting) return;
    if (this.#options.isMonitored()) this.#parts[0]?.verifier.request();
    else this.#rest();
  }

  #mayLeave({ restingBeats }: Attendance): boolean {
    return this.#parts.length > 1 && restingBeats * this.#options.verifyIntervalMs >= this.#options.leaveAfterMs;
  }

  #leave(id: PartitionId, { partition }: Followable): void {
    this.#followed.delete(id);
    this.#space.unfollow(id, partition);
    partition.leave();
  }

  #rest(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }
}

interface Attendance {
  readonly part: Followable;
  /** The partition's activity at the last beat. */
  activity: number;
  /** Beats since it last grew. */
  restingBeats: number;
}
