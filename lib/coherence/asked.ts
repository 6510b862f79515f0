import { Entry } from '../cache/entry.ts';
import type { FillGuard, Flight, Joinable } from '../cache/fillGuard.ts';
import type { Reply } from '../cache/reply.ts';
import type { Departure } from './departure.ts';

/** Makes the value of an entry for a reader of its key. */
export type Decode = (key: string, entry: Entry) => unknown;

/** Keys that are asked for in one command, and the promise that all their replies hang on: one each would cost more than the rest. */
export class Batch {
  readonly decode: Decode;
  readonly reads: Asked[] = [];
  /** Absent until it is sent. */
  departure: Departure | undefined;
  /** Settles when the reply was taken in, or did not come. */
  readonly arrival: Promise<void>;
  arrived!: () => void;
  failed!: (error: unknown) => void;

  constructor(decode: Decode) {
    this.decode = decode;
    this.arrival = new Promise((resolve, reject) => {
      this.arrived = resolve;
      this.failed = reject;
    });
  }
}

/**
 * A key that is asked for, and the reply once that is here. To await it brings the value.
 *
 * There is one for every miss under way, and it is all that stands for it: in the batch and in what is in flight.
 */
export class Asked implements Joinable {
  readonly key: string;
  readonly flight: Flight<Asked>;
  entry!: Entry;
  readonly #batch: Batch;
  #bytes: Uint8Array | undefined = undefined;
  #ttlMs: number | undefined;

  constructor(key: string, batch: Batch, guard: FillGuard<Asked>) {
    this.key = key;
    this.#batch = batch;
    this.flight = guard.expect(key, this);
  }

  get sentAt(): number | undefined {
    return this.#batch.departure?.sentAt;
  }

  /** Takes the reply. */
  answer(bytes: Uint8Array | undefined, ttlMs: number | undefined, sentAt: number): void {
    this.#bytes = bytes;
    this.#ttlMs = ttlMs;
    this.entry = new Entry(bytes).livingFor(ttlMs, sentAt);
  }

  /** One promise for each who waits: a promise of the value, and another of what becomes of it, would be two. */
  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what it is for
  then<A = unknown, B = never>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#batch.arrival.then(() => {
      let value: unknown;
      try {
        value = this.#batch.decode(this.key, this.entry);
      } catch (error) {
        if (typeof onError === 'function') return onError(error);
        throw error;
      }
      return typeof onValue === 'function' ? onValue(value) : (value as A);
    }, onError);
  }

  /** The reply itself. */
  async reply(): Promise<Reply> {
    await this.#batch.arrival;
    const expiresAt = (this.sentAt ?? 0) + (this.#ttlMs ?? Number.POSITIVE_INFINITY);
    return { bytes: this.#bytes, entry: this.entry, expiresAt };
  }
}
