import QuickLRU from 'quick-lru';
import type { Entry, Era } from './entry.ts';
import { Generations } from './generations.ts';

/** How much the cache may hold: nothing, every key it met, or at most so many entries. */
export type CacheLimit = false | 'all' | number;

/** Missing keys remembered beside `'all'` present ones: asking for keys that do not exist must not fill the memory. */
const MAX_MISSING = 10_000;

/** What others need of the held entries. */
export interface EntryMap extends Iterable<[string, Entry]> {
  get(key: string): Entry | undefined;
}

export interface NearCacheOptions {
  /** Keys that are never held. Default: none. */
  readonly uncacheable?: ReadonlySet<string> | undefined;
  readonly random?: (() => number) | undefined;
  /** Told of entries that make room for others. */
  readonly onEvicted?: ((key: string) => void) | undefined;
}

/** The entries of one dictionary. It knows nothing of where they come from. */
export class NearCache {
  /** Read directly on the hit path. */
  readonly entries: Generations<Entry>;
  readonly #limit: CacheLimit;
  readonly #maxAgeMs: number;
  readonly #uncacheable: ReadonlySet<string>;
  readonly #random: () => number;
  /** The missing keys held under `'all'`; the ones unused for longest make room. */
  readonly #missing: QuickLRU<string, true>;

  /**
   * @param maxAgeMs - Longest life of an entry; each gets 90 to 100 % of it, so that entries read together do not all
   *   expire together.
   */
  constructor(
    limit: CacheLimit,
    maxAgeMs: number,
    { uncacheable = new Set(), random = Math.random, onEvicted }: NearCacheOptions = {},
  ) {
    this.#limit = limit;
    this.#maxAgeMs = maxAgeMs;
    this.#uncacheable = uncacheable;
    this.#random = random;
    // One class for every limit: calls of the hit path meet one shape.
    this.entries = new Generations<Entry>(
      typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY,
      (key, entry) => {
        entry.era.entries--;
        onEvicted?.(key);
      },
    );
    this.#missing = new QuickLRU({
      // It holds two generations.
      maxSize: MAX_MISSING / 2,
      onEviction: (key) => {
        this.#release(key);
      },
    });
  }

  /** The entry of `key`, if it belongs to `era`. */
  find(key: string, era: Era): Entry | undefined {
    const entry = this.entries.get(key);
    return entry?.era === era ? entry : undefined;
  }

  /** What is held of `key` and has not expired, whether or not it is proven fresh. */
  present(key: string, now: number): Entry | undefined {
    const entry = this.entries.get(key);
    return entry === undefined || entry.era.isEnded || entry.hasExpired(now) ? undefined : entry;
  }

  /** Holds an entry until it expires or is old, whichever comes first; one that has expired removes what was held. */
  put(key: string, entry: Entry, era: Era, seq: number, now: number): void {
    if (this.#limit === false || this.#uncacheable.has(key)) return;
    if (entry.hasExpired(now)) {
      this.remove(key);
      return;
    }
    this.#release(key);
    entry.era = era;
    era.entries++;
    entry.seq = seq;
    entry.expireBy(now + this.#maxAgeMs * (0.9 + 0.1 * this.#random()));
    this.entries.set(key, entry);
    if (this.#limit === 'all') this.#noteMissing(key, entry.isMissing);
  }

  remove(key: string): void {
    this.#release(key);
    if (this.#limit === 'all') this.#noteMissing(key, false);
  }

  clear(): void {
    for (const [, entry] of this.entries) entry.era.entries--;
    this.entries.clear();
    this.#missing.clear();
  }

  #release(key: string): void {
    const entry = this.entries.delete(key);
    if (entry !== undefined) entry.era.entries--;
  }

  #noteMissing(key: string, isMissing: boolean): void {
    // Taken out first: a key in both generations would be evicted with the older one.
    this.#missing.delete(key);
    if (isMissing) this.#missing.set(key, true);
  }
}
