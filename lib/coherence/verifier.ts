import type { Deadline, PartitionId, Space } from '../store/store.ts';
import type { Partition } from './partition.ts';

const FIRST_RETRY_MS = 20;

/** Durations in milliseconds. */
export interface VerifierOptions {
  /** Longest pause before a reading that failed is repeated. */
  readonly maxRetryMs: number;
  /** Longest wait for one reading. */
  readonly timeoutMs: number;
  /** Told of each reading why the store did not answer; `undefined` when it did. */
  readonly answered: (failure: unknown) => void;
}

/**
 * Reads the position of a partition on request, until a reading has succeeded.
 *
 * Nothing here keeps the process alive.
 */
export class Verifier {
  readonly #space: Space;
  readonly #id: PartitionId;
  readonly #partition: Partition;
  readonly #options: VerifierOptions;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isReading = false;
  #isRequested = false;
  #isClosed = false;

  constructor(space: Space, id: PartitionId, partition: Partition, options: VerifierOptions) {
    this.#space = space;
    this.#id = id;
    this.#partition = partition;
    this.#options = options;
  }

  /** Reads the position now, or as soon as the reading that is under way has ended. */
  request(): void {
    this.#isRequested = true;
    if (!this.#isReading && this.#retry === undefined) this.#read();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  #read(): void {
    if (this.#isClosed) return;
    this.#isRequested = false;
    this.#isReading = true;
    this.#readPosition().then(
      () => {
        this.#isReading = false;
        if (this.#isClosed) return;
        this.#retryMs = FIRST_RETRY_MS;
        this.#options.answered(undefined);
        if (this.#isRequested) this.#read();
      },
      (error: unknown) => {
        this.#isReading = false;
        if (this.#isClosed) return;
        this.#options.answered(error);
        this.#tryAgain();
      },
    );
  }

  /** Reads the position, and behind it the change log if the partition needs that to go on. */
  async #readPosition(): Promise<void> {
    const departure = this.#partition.depart();
    const position = await this.#space.position(this.#id, this.#deadline());
    if (this.#isClosed || !this.#partition.reading(position, departure)) return;
    const log = await this.#space.log(this.#id, this.#deadline());
    if (!this.#isClosed) this.#partition.repair(log, position, departure);
  }

  #deadline(): Deadline {
    return performance.now() + this.#options.timeoutMs;
  }

  #tryAgain(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#read();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, this.#options.maxRetryMs);
  }
}
