import { Entry } from '../cache/entry.ts';
import type { FillGuard, Flight, Joinable } from '../cache/fillGuard.ts';
import type { Reply } from '../cache/reply.ts';
import type { Departure } from './departure.ts';

/** Keys that are asked for in one command, and the promise that all their replies hang on: one each would cost more than the rest. */
export class Batch {
  readonly reads: Asked[] = [];
  /** Absent until it is sent. */
  departure: Departure | undefined;
  /** Settles when the reply was taken in, or did not come. */
  readonly arrival: Promise<void>;
  arrived!: () => void;
  failed!: (error: unknown) => void;

  constructor() {
    this.arrival = new Promise((resolve, reject) => {
      this.arrived = resolve;
      this.failed = reject;
    });
  }
}

/**
 * A key that is asked for, and the reply once that is here.
 *
 * There is one for every miss under way, and it is all that stands for it: in the batch, in what is in flight, and as the
 * reply.
 */
export class Asked implements Joinable, Reply {
  readonly key: string;
  readonly flight: Flight<Asked>;
  bytes: Uint8Array | undefined = undefined;
  entry!: Entry;
  readonly #batch: Batch;
  #ttlMs: number | undefined;

  constructor(key: string, batch: Batch, guard: FillGuard<Asked>) {
    this.key = key;
    this.#batch = batch;
    this.flight = guard.expect(key, this);
  }

  get sentAt(): number | undefined {
    return this.#batch.departure?.sentAt;
  }

  get expiresAt(): number {
    return (this.sentAt ?? 0) + (this.#ttlMs ?? Number.POSITIVE_INFINITY);
  }

  /** Takes the reply. */
  answer(bytes: Uint8Array | undefined, ttlMs: number | undefined, sentAt: number): void {
    this.bytes = bytes;
    this.#ttlMs = ttlMs;
    this.entry = new Entry(bytes).livingFor(ttlMs, sentAt);
  }

  /** Resolves what `take` makes of the reply, once that is here. */
  answered<V>(take: (key: string, entry: Entry) => V): Promise<V> {
    return this.#batch.arrival.then(() => take(this.key, this.entry));
  }
}
