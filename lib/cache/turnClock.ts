/** Reads that may go by one look at the clock, the one that looks included. */
const READS_PER_LOOK = 256;
/** Longest time that reads served from memory may keep the event loop from its other work, in milliseconds. */
const MAX_TURN_MS = 5;
/**
 * A time before every other.
 *
 * The times that a hit compares are whole milliseconds, and this is no infinity, because V8 keeps integers below 2 ** 31
 * (24 days) in the field itself; any other number costs a box of 16 bytes, and a hit 4 % more.
 */
export const NEVER: number = -(2 ** 30);

/** The wall clock and the monotonic one drift apart by less unless the machine sleeps or the wall clock is set. */
const MAX_DRIFT_MS = 100;

/**
 * A clock that is looked at in the first read of every turn of the event loop and in every 256th.
 *
 * A clock per read costs half the speed of a tight loop, and a flag set by a timer stands still when the process is
 * paused (both measured).
 *
 * It is monotonic and also counts the time for which the machine or its virtual machine slept. The monotonic clock of
 * Linux and macOS stands still meanwhile, and what was cached an hour ago would count as fresh. So when the wall clock
 * has gained on the monotonic one, that much time has passed. (Where it was only set forward, this costs some misses;
 * a wall clock that is set back changes nothing.)
 */
export class TurnClock {
  /** Milliseconds at the last look, rounded up. */
  now: number = NEVER;
  /** Reads left until the next look; the hit path counts it down. */
  credit = 0;
  readonly #read: () => number;
  readonly #readWall: () => number;
  readonly #readsPerLook: number;
  readonly #endTurn: () => void;
  #turnStart: number | undefined;
  /** Milliseconds that the monotonic clock has missed. */
  #sleptMs = 0;
  /** How far the wall clock is ahead of the monotonic one. */
  #lead: number | undefined;

  /**
   * @param read - Monotonic milliseconds.
   * @param readWall - Milliseconds of the wall clock; default: a clock that never drifts from `read`.
   * @param readsPerLook - 1: every read looks, which is slow, and right for a clock that jumps.
   */
  constructor(read: () => number, readWall: () => number = read, readsPerLook: number = READS_PER_LOOK) {
    this.#read = read;
    this.#readWall = readWall;
    this.#readsPerLook = readsPerLook;
    this.#endTurn = () => {
      this.credit = 0;
      this.#turnStart = undefined;
    };
  }

  /** Milliseconds now, on the same scale as `now`. Not for timers and deadlines, which stand still with the machine. */
  time(): number {
    const ms = this.#read();
    const lead = this.#readWall() - ms;
    const gained = lead - (this.#lead ??= lead);
    if (Math.abs(gained) > MAX_DRIFT_MS) {
      this.#lead = lead;
      this.#sleptMs += Math.max(gained, 0);
    }
    return ms + this.#sleptMs;
  }

  /** Looks at the clock and lets the next reads go by it. */
  look(): void {
    this.now = Math.ceil(this.time());
    this.credit = this.#readsPerLook - 1;
    if (this.#turnStart !== undefined) return;
    this.#turnStart = this.now;
    setImmediate(this.#endTurn);
  }

  /**
   * Whether reads have kept the loop to themselves for so long that messages wait.
   *
   * A loop that awaits only settled promises never leaves the microtask queue; without this no message would arrive
   * until it ends.
   */
  get isOverdue(): boolean {
    return this.#turnStart !== undefined && this.now - this.#turnStart > MAX_TURN_MS;
  }
}
