import { Truth } from './truth.ts';
import type { VirtualTime } from './virtualTime.ts';

/** Knows everything that happens in one run, and the first promise that was broken. */
export class Ledger {
  readonly time: VirtualTime;
  readonly truth: Truth;
  readonly trace: string[] = [];
  /** Events of the schedule so far. */
  step = 0;
  violation: string | undefined;
  /** Whether anybody wants to know more than the first violation. */
  readonly isTracing: boolean;
  /** Operations that have not ended. */
  readonly open: Set<string> = new Set<string>();
  /** Watchers that wait for the next change. */
  readonly waiting: Set<string> = new Set<string>();
  #checks: (() => void)[] = [];
  #ticks = 0;

  constructor(time: VirtualTime, partitions: number, isTracing: boolean) {
    this.time = time;
    this.truth = new Truth(partitions);
    this.isTracing = isTracing;
  }

  /** A number that grows with every call: orders what happens, and makes names unique. */
  tick(): number {
    return ++this.#ticks;
  }

  note(text: string): void {
    if (this.isTracing) this.trace.push(`${this.step} ${this.time.now.toFixed(0)} ${text}`);
  }

  violate(text: string): void {
    this.violation ??= `event ${this.step}: ${text}`;
    this.note(`VIOLATION ${text}`);
  }

  /** Has `check` done at the end of the turn, when everybody was told how the turn's writes ended. */
  checkLater(check: () => void): void {
    this.#checks.push(check);
  }

  runChecks(): void {
    for (const check of this.#checks.splice(0)) check();
  }

  /**
   * Follows an operation that has to end, well or not.
   *
   * @param among - `open`, or `waiting` if it may wait until its handle is closed.
   */
  track<V>(
    name: string,
    operation: Promise<V>,
    onValue: (value: V) => void,
    onError: (error: unknown) => void = () => {},
    among: Set<string> = this.open,
  ): void {
    const unique = `${name} (operation ${this.tick()})`;
    among.add(unique);
    operation.then(
      (value) => {
        among.delete(unique);
        onValue(value);
      },
      (error: unknown) => {
        among.delete(unique);
        this.note(`  ${name} fails: ${String(error)}`);
        onError(error);
      },
    );
  }
}
