import type { Entry } from '../cache/entry.ts';
import type { EntryMap } from '../cache/nearCache.ts';
import { UnavailableError } from '../errors.ts';
import type { Outage } from './outage.ts';

/** What a read brought, wherever from. */
export interface Known {
  readonly entry: Entry;
}

export interface LastKnownOptions {
  readonly entries: EntryMap;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How much longer than while it is proven fresh an entry may be served. */
  readonly graceMs: number;
  readonly outageOf: (key: string) => Outage;
  /** Asks the store. */
  readonly fetch: (key: string) => Promise<Known>;
}

/**
 * Reads that fall back on the last known value when the store can't be reached.
 *
 * Only an entry of the present era is one: what a message, a repair, a clear, a refused reply or an own write of unknown
 * outcome took out of the cache may be older than what a reader has seen, and never comes back. Its age counts from the
 * era's last proof, because until then it was current, however long ago it was filled. Its `maxAge` is not looked at:
 * it bounds how long a change that nobody announced stays unseen, and asking the store, which is what it demands,
 * has just failed. What has a time to live in the store is served no longer than that.
 */
export class LastKnown {
  readonly #options: LastKnownOptions;

  constructor(options: LastKnownOptions) {
    this.#options = options;
  }

  /**
   * Asks the store, unless it is known to be away. A read that is waiting does not wait for its own deadline when
   * another command finds out that the store is.
   */
  read(key: string): Promise<Known> {
    const outage = this.#options.outageOf(key);
    const known = outage.isOn ? this.#serve(key) : undefined;
    return known === undefined ? this.#ask(key, outage) : Promise.resolve(known);
  }

  #ask(key: string, outage: Outage): Promise<Known> {
    return new Promise((resolve, reject) => {
      let isServed = false;
      const fallBack = (): boolean => {
        const known = isServed ? undefined : this.#serve(key);
        if (known === undefined) return false;
        isServed = true;
        resolve(known);
        return true;
      };
      const stop = outage.onBegin(fallBack);
      this.#options
        .fetch(key)
        .then(resolve, (error: unknown) => {
          if (!(error instanceof UnavailableError && fallBack())) reject(error);
        })
        .finally(stop);
    });
  }

  #serve(key: string): Known | undefined {
    const entry = this.#options.entries.get(key);
    if (entry === undefined || entry.era.isEnded) return undefined;
    const now = this.#options.now();
    if (now > entry.era.freshUntil + this.#options.graceMs) return undefined;
    if (entry.isMortal && now > entry.expiresAt) return undefined;
    entry.era.hits++;
    return { entry };
  }
}
