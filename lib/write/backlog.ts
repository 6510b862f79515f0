import { BackpressureError } from '../errors.ts';

/** Most writes, and most bytes of values, that may wait for the store, in all partitions together. */
export interface BacklogLimits {
  readonly maxWrites: number;
  readonly maxBytes: number;
}

const DEFAULT_LIMITS: BacklogLimits = { maxWrites: 1_000_000, maxBytes: 256 * 1024 * 1024 };

/** Counts the writes that wait for the store, so that a store that is slow or away does not fill the memory. */
export class Backlog {
  #writes = 0;
  #bytes = 0;
  readonly #limits: BacklogLimits;

  constructor(limits: BacklogLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  add(bytes: number): void {
    this.#writes++;
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    this.#writes--;
    this.#bytes -= bytes;
  }

  /**
   * Whether there is room for so much more, which is none when a queued write is replaced by a smaller one.
   *
   * @throws {BackpressureError} There is not.
   */
  admit(moreWrites: number, moreBytes: number): void {
    const { maxWrites, maxBytes } = this.#limits;
    const hasRoom = moreWrites <= 0 || this.#writes < maxWrites;
    if (hasRoom && (moreBytes <= 0 || this.#bytes < maxBytes)) return;
    throw new BackpressureError(
      `${this.#writes} writes of ${this.#bytes} bytes wait for the store. Await flush() now and then while writing much; this write was not queued.`,
    );
  }
}
