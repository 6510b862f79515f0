import type { Deadline } from '../store/store.ts';
import type { Operation } from './operation.ts';

/** How long writes wait for their turn: a long queue is no failure, as long as the store takes calls. */
export class Patience {
  readonly #timeoutMs: number;
  /** When the store last took a call. */
  #since = Number.NEGATIVE_INFINITY;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** The store took a call: only now the time of those that wait begins. */
  begin(): void {
    this.#since = performance.now();
  }

  /** When the first of these writes has to have ended. */
  firstDeadline(operations: readonly Operation[]): Deadline {
    let first = Number.POSITIVE_INFINITY;
    for (const operation of operations) first = Math.min(first, this.#deadlineOf(operation));
    return first;
  }

  /** Writes that have time left, and those that have not; what belongs together runs out of time together. */
  sort(operations: readonly Operation[]): {
    readonly timely: readonly Operation[];
    readonly late: readonly Operation[];
  } {
    const now = performance.now();
    const isLate = (operation: Operation): boolean => this.#deadlineOf(operation) <= now;
    const late = operations.filter(isLate);
    if (late.length === 0) return { timely: operations, late };
    const isGroupLate = late.some(({ isGrouped }) => isGrouped);
    const isGivenUp = (operation: Operation): boolean => isLate(operation) || (operation.isGrouped && isGroupLate);
    return {
      timely: operations.filter((operation) => !isGivenUp(operation)),
      late: operations.filter(isGivenUp),
    };
  }

  #deadlineOf(operation: Operation): Deadline {
    return Math.max(operation.deadline, this.#since + this.#timeoutMs);
  }
}
