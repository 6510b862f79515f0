/** Reads that may go by one look at the clock, the one that looks included. */
const READS_PER_LOOK = 256;
/** Longest time that reads served from memory may keep the event loop from its other work, in milliseconds. */
const MAX_TURN_MS = 5;

/**
 * A clock that is looked at in the first read of every turn of the event loop and in every 256th.
 *
 * A clock per read costs half the speed of a tight loop, and a flag set by a timer stands still when the process is
 * paused (both measured).
 */
export class TurnClock {
  /** Monotonic milliseconds at the last look. */
  now: number = Number.NEGATIVE_INFINITY;
  /** Reads left until the next look; the hit path counts it down. */
  credit = 0;
  readonly #read: () => number;
  readonly #endTurn: () => void;
  #turnStart: number | undefined;

  constructor(read: () => number = () => performance.now()) {
    this.#read = read;
    this.#endTurn = () => {
      this.credit = 0;
      this.#turnStart = undefined;
    };
  }

  /** Monotonic milliseconds now. */
  time(): number {
    return this.#read();
  }

  /** Looks at the clock and lets the next reads go by it. */
  look(): void {
    this.now = this.#read();
    this.credit = READS_PER_LOOK - 1;
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
