import QuickLRU, { type Options as LruOptions } from 'quick-lru';
import type { Entry, Era } from './entry.ts';
import { FrontTable, type Held } from './frontTable.ts';

/** How much the cache may hold: nothing, every key it met, or at most so many entries. */
export type CacheLimit = false | 'all' | number;

/** Missing keys remembered beside `'all'` present ones: asking for keys that do not exist must not fill the memory. */
const MAX_MISSING = 10_000;
/** Entries found lately, in front of `'all'`. */
const FRONT_OF_ALL = 5000;

/** What readers need of the held entries. */
export type EntryMap = Omit<Held<Entry>, 'peek'>;

export interface NearCacheOptions {
  /** Keys that are never held. Default: none. */
  readonly uncacheable?: ReadonlySet<string> | undefined;
  readonly random?: (() => number) | undefined;
  /** Told of entries that make room for others, of some more than once. */
  readonly onEvicted?: ((key: string) => void) | undefined;
}

/** Holds all entries: there is no use to count. */
class Unbounded extends Map<string, Entry> {
  peek(key: string): Entry | undefined {
    return this.get(key);
  }
}

/** The entries of one dictionary. It knows nothing of where they come from. */
export class NearCache {
  /** Read directly on the hit path. */
  readonly entries: Held<Entry>;
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
    this.entries =
      typeof limit === 'number' ? boundedEntries(limit, onEvicted) : new FrontTable(new Unbounded(), FRONT_OF_ALL);
    this.#missing = new QuickLRU({
      maxSize: generationSize(MAX_MISSING),
      onEviction: (key) => this.entries.delete(key),
    });
  }

  /** The entry of `key`, if it belongs to `era`. That something is written or heard of it does not count as use. */
  find(key: string, era: Era): Entry | undefined {
    const entry = this.entries.peek(key);
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
    entry.era = era;
    entry.seq = seq;
    entry.expireBy(now + this.#maxAgeMs * (0.9 + 0.1 * this.#random()));
    this.entries.set(key, entry);
    if (this.#limit === 'all') this.#noteMissing(key, entry.isMissing);
  }

  remove(key: string): void {
    this.entries.delete(key);
    if (this.#limit === 'all') this.#noteMissing(key, false);
  }

  clear(): void {
    this.entries.clear();
    this.#missing.clear();
  }

  /** Number of entries that can be served while their partition is fresh. Costs a pass over the cache. */
  count(): number {
    let count = 0;
    for (const [, entry] of this.entries) if (!entry.era.isEnded) count++;
    return count;
  }

  #noteMissing(key: string, isMissing: boolean): void {
    // Taken out first: a key in both generations would be evicted with the older one.
    this.#missing.delete(key);
    if (isMissing) this.#missing.set(key, true);
  }
}

function boundedEntries(limit: number, onEvicted: ((key: string) => void) | undefined): Held<Entry> {
  const maxSize = generationSize(limit);
  const options: LruOptions<string, Entry> = onEvicted === undefined ? { maxSize } : { maxSize, onEviction: onEvicted };
  return new FrontTable(new QuickLRU(options), Math.floor(maxSize / 2));
}

/** quick-lru holds two generations, together up to `2 * maxSize - 1` entries. */
function generationSize(limit: number): number {
  return Math.floor((limit + 1) / 2);
}
