import type { Order } from './messages.ts';

/** How long an epoch lasts at least. */
const EPOCH_MS = 8000;

export interface EpochsHost {
  /** Number of processes. */
  readonly processes: number;
  readonly tellAll: (order: Order) => void;
  /** A new epoch is about to begin. */
  readonly open: (epoch: number) => void;
  /** The history of an epoch is whole. */
  readonly close: (epoch: number) => void;
}

/**
 * Leads all processes from one set of keys to the next.
 *
 * When all have left an epoch, all read its keys once more; when all have done so, the next epoch may end too. A clear
 * that begins in an epoch deletes keys of the one before, so an epoch is closed only when all have left the one after it.
 */
export class Epochs {
  readonly #host: EpochsHost;
  readonly #left = new Map<number, number>();
  readonly #swept = new Map<number, number>();
  #epoch = 0;
  #since = performance.now();
  /** Whether the epoch is to be the last. */
  #isLast = false;
  #isHalted = false;

  constructor(host: EpochsHost) {
    this.#host = host;
    host.open(0);
  }

  /** Whether everything was swept. */
  get isOver(): boolean {
    return this.#isHalted && this.#isSwept(this.#epoch);
  }

  /** Begins the next epoch if this one has lasted long enough, or ends the last, when nobody is busy with the one before. */
  advance(): void {
    if (this.#isHalted || !this.#isSwept(this.#epoch - 1)) return;
    if (this.#isLast) {
      this.#isHalted = true;
      this.#host.tellAll({ type: 'halt' });
      return;
    }
    if (performance.now() - this.#since < EPOCH_MS) return;
    this.#since = performance.now();
    this.#epoch++;
    this.#host.open(this.#epoch);
    this.#host.tellAll({ type: 'enter', epoch: this.#epoch });
  }

  /** No other epoch follows. */
  end(): void {
    this.#isLast = true;
  }

  /** One more process has left the epoch. */
  left(epoch: number): void {
    if (!this.#count(this.#left, epoch)) return;
    this.#host.tellAll({ type: 'sweep', epoch });
    this.#host.close(epoch - 1);
  }

  swept(epoch: number): void {
    if (this.#count(this.#swept, epoch) && this.#isHalted && epoch === this.#epoch) this.#host.close(epoch);
  }

  #isSwept(epoch: number): boolean {
    return epoch < 0 || this.#swept.get(epoch) === this.#host.processes;
  }

  /** Returns whether all processes are counted now. */
  #count(counts: Map<number, number>, epoch: number): boolean {
    const count = (counts.get(epoch) ?? 0) + 1;
    counts.set(epoch, count);
    return count === this.#host.processes;
  }
}
