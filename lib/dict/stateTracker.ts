import type { Partition } from '../coherence/partition.ts';
import { ConnectTimeoutError } from '../errors.ts';
import { Deadlines } from '../store/deadline.ts';
import type { PartitionId } from '../store/store.ts';
import type { DictState } from './events.ts';

/** Knows the state of a dictionary, and tells when it changes. */
export class StateTracker {
  readonly #onChange: (now: DictState, before: DictState) => void;
  #now: DictState = 'suspect';
  #hasSynced = false;
  /** Why the last reading of a position was not answered, by partition. */
  readonly #failures = new Map<PartitionId, unknown>();
  #waiters: (() => void)[] = [];

  constructor(onChange: (now: DictState, before: DictState) => void) {
    this.#onChange = onChange;
  }

  get now(): DictState {
    return this.#now;
  }

  /** The store has, or has not, answered a reading of a partition's position. */
  answered(id: PartitionId, failure: unknown, partitions: readonly Partition[]): void {
    if (failure === undefined) this.#failures.delete(id);
    else this.#failures.set(id, failure);
    this.update(partitions);
  }

  update(partitions: readonly Partition[]): void {
    const before = this.#now;
    this.#now = this.#judge(partitions);
    if (this.#now === before) return;
    this.#onChange(this.#now, before);
    if (this.#now === 'coherent') for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** @throws {ConnectTimeoutError} Not coherent by the deadline. */
  async coherent(deadline: number): Promise<void> {
    if (this.#now === 'coherent') return;
    const coherent = new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
    });
    await new Deadlines().within(
      coherent,
      deadline,
      () =>
        new ConnectTimeoutError('The position of the dictionary could not be read within connectTimeout.', {
          cause: [...this.#failures.values()][0],
        }),
    );
  }

  #judge(partitions: readonly Partition[]): DictState {
    if (this.#failures.size > 0) return 'offline';
    this.#hasSynced ||= partitions.some((partition) => partition.isSynced);
    return this.#hasSynced && partitions.every((partition) => !partition.isSuspect) ? 'coherent' : 'suspect';
  }
}
