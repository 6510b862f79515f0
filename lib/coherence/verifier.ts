import type { Deadline, PartitionId, Space } from '../store/store.ts';
import type { Departure, Partition } from './partition.ts';

const FIRST_RETRY_MS = 20;

/** When and how often a partition's position is read again. Durations in milliseconds. */
export interface VerifierOptions {
  readonly verifyIntervalMs: number;
  /** Longest wait for one reading. */
  readonly timeoutMs: number;
  /** A number that grows with every read of the partition, wherever it was served from. */
  readonly activity: () => number;
  /** Whether somebody follows changes, so that readings are due without reads. */
  readonly isWatched: () => boolean;
  /** Told of each reading why the store did not answer; `undefined` when it did. */
  readonly answered: (failure: unknown) => void;
}

/**
 * Reads the position of a partition while the partition is in use, and on request until a reading has succeeded.
 *
 * Nothing here keeps the process alive.
 */
export class Verifier {
  readonly #space: Space;
  readonly #id: PartitionId;
  readonly #partition: Partition;
  readonly #options: VerifierOptions;
  #interval: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isReading = false;
  #isRequested = false;
  #isClosed = false;
  #lastActivity = 0;
  #idleIntervals = 0;

  constructor(space: Space, id: PartitionId, partition: Partition, options: VerifierOptions) {
    this.#space = space;
    this.#id = id;
    this.#partition = partition;
    this.#options = options;
  }

  /** The partition is in use: its position is read every interval until it has rested for two. */
  keepProving(): void {
    if (this.#interval !== undefined || this.#isClosed) return;
    this.#idleIntervals = 0;
    this.#interval = setInterval(() => {
      this.#beat();
    }, this.#options.verifyIntervalMs).unref();
  }

  /** Reads the position now, or as soon as the reading that is under way has ended. */
  request(): void {
    this.#isRequested = true;
    if (!this.#isReading && this.#retry === undefined) this.#read();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#interval);
    clearTimeout(this.#retry);
  }

  #beat(): void {
    const activity = this.#options.activity();
    this.#idleIntervals = activity === this.#lastActivity ? this.#idleIntervals + 1 : 0;
    this.#lastActivity = activity;
    if (this.#idleIntervals <= 2 || this.#options.isWatched()) this.request();
    else {
      clearInterval(this.#interval);
      this.#interval = undefined;
    }
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
    const position = await this.#space.position(this.#id, this.#deadline(departure));
    if (this.#isClosed || !this.#partition.reading(position, departure)) return;
    const log = await this.#space.log(this.#id, this.#deadline(this.#partition.depart()));
    if (!this.#isClosed) this.#partition.repair(log, position, departure);
  }

  #deadline({ sentAt }: Departure): Deadline {
    return sentAt + this.#options.timeoutMs;
  }

  #tryAgain(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#read();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, this.#options.verifyIntervalMs);
  }
}
