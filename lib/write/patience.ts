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

  deadlineOf(operation: Operation): Deadline {
    return Math.max(operation.deadline, this.#since + this.#timeoutMs);
  }

  /** Writes that have time left, and those that have not; what belongs together runs out of time together. */
  sort(operations: readonly Operation[]): { readonly timely: Operation[]; readonly late: Operation[] } {
    const now = performance.now();
    const isLate = (operation: Operation): boolean => this.deadlineOf(operation) <= now;
    const isGroupLate = operations.some((operation) => operation.isGrouped && isLate(operation));
    const timely: Operation[] = [];
    const late: Operation[] = [];
    for (const operation of operations) {
      (isLate(operation) || (operation.isGrouped && isGroupLate) ? late : timely).push(operation);
    }
    return { timely, late };
  }
}
