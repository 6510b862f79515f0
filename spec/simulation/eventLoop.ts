/** A timer as the library sees it. Whether it keeps the process alive makes no difference here. */
export class VirtualTimer {
  readonly loop: EventLoop;
  readonly callback: () => void;
  readonly intervalMs: number;
  readonly repeats: boolean;
  due: number;
  readonly #now: () => number;

  /** @param now - The clock of the process, in milliseconds. */
  constructor(loop: EventLoop, callback: () => void, now: () => number, intervalMs: number, repeats: boolean) {
    this.loop = loop;
    this.callback = callback;
    this.intervalMs = Math.max(1, intervalMs);
    this.repeats = repeats;
    this.#now = now;
    this.due = now() + this.intervalMs;
  }

  refresh(): this {
    this.due = this.#now() + this.intervalMs;
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** The timers and immediates of one simulated process. They run when the schedule says so. */
export class EventLoop {
  /** Milliseconds for which the machine slept: its monotonic clock and its timers stood still meanwhile. */
  sleptMs = 0;
  readonly #timers = new Set<VirtualTimer>();
  #immediates: (() => void)[] = [];

  /** Timers and immediates that wait. */
  get size(): number {
    return this.#timers.size + this.#immediates.length;
  }

  /** The timer that is due first, by the clock of this process. */
  get next(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.due < next.due) next = timer;
    return next;
  }

  add(timer: VirtualTimer): void {
    this.#timers.add(timer);
  }

  remove(timer: VirtualTimer): void {
    this.#timers.delete(timer);
  }

  fire(timer: VirtualTimer, now: number): void {
    if (timer.repeats) timer.due = now + timer.intervalMs;
    else this.#timers.delete(timer);
    timer.callback();
  }

  addImmediate(callback: () => void): void {
    this.#immediates.push(callback);
  }

  /** Ends a turn. Returns whether anything ran. */
  runImmediates(): boolean {
    const immediates = this.#immediates;
    if (immediates.length === 0) return false;
    this.#immediates = [];
    for (const run of immediates) run();
    return true;
  }
}
