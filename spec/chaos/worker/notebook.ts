import type { Operation } from '../../support/history.ts';
import { machineTime } from '../clock.ts';
import { Throughput } from '../throughput.ts';
import { StallMeter } from './stallMeter.ts';

/** A call that has begun. */
export interface Attempt {
  readonly name: string;
  readonly start: number;
  /** Longest time it may take, apart from stalls of this process. */
  readonly limitMs: number;
  readonly stalledBefore: number;
}

export interface Page {
  readonly operations: readonly Operation[];
  readonly completed: readonly (readonly [number, number])[];
  readonly problems: readonly string[];
}

/** How much later than its limit a call may end on a busy machine. */
const SLACK_MS = 1000;

/** Writes down what a process does, and what it must not. */
export class Notebook {
  readonly #open = new Set<Attempt>();
  readonly #meter: StallMeter;
  #operations: Operation[] = [];
  readonly #throughput = new Throughput();
  #problems: string[] = [];

  constructor() {
    this.#meter = new StallMeter(() => {
      for (const attempt of this.#open) this.#judge(attempt, 'has not ended after');
    });
  }

  begin(name: string, limitMs: number): Attempt {
    const attempt = { name, start: machineTime(), limitMs, stalledBefore: this.#meter.stalledMs() };
    this.#open.add(attempt);
    return attempt;
  }

  /** Returns when it ended. */
  end(attempt: Attempt, hasSucceeded: boolean): number {
    const end = machineTime();
    this.#judge(attempt, 'took');
    this.#open.delete(attempt);
    if (hasSucceeded) this.#throughput.count(end);
    return end;
  }

  add(operation: Operation): void {
    this.#operations.push(operation);
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** What was written since the last time. */
  tearOut(): Page {
    const page = { operations: this.#operations, completed: this.#throughput.takeAll(), problems: this.#problems };
    this.#operations = [];
    this.#problems = [];
    return page;
  }

  close(): void {
    this.#meter.stop();
  }

  /** One that is too late is told once. */
  #judge(attempt: Attempt, verb: string): void {
    if (!this.#open.has(attempt)) return;
    const stalledMs = this.#meter.stalledMs() - attempt.stalledBefore;
    const tookMs = machineTime() - attempt.start - stalledMs;
    if (tookMs <= attempt.limitMs + SLACK_MS) return;
    this.#open.delete(attempt);
    this.problem(
      `${attempt.name} ${verb} ${tookMs.toFixed(0)} ms of at most ${attempt.limitMs} (and ${stalledMs.toFixed(0)} ms of stalls)`,
    );
  }
}
