import QuickLRU from 'quick-lru';
import { Entry, type Era } from './entry.ts';

/** How much the cache may hold: nothing, every key it met, or at most so many entries. */
export type CacheLimit = false | 'all' | number;

/** Missing keys remembered beside `'all'` present ones: asking for keys that do not exist must not fill the memory. */
const MAX_MISSING = 10_000;

/** What the hit path needs of a Map or a quick-lru. */
export interface EntryMap extends Iterable<[string, Entry]> {
  get(key: string): Entry | undefined;
  set(key: string, entry: Entry): unknown;
  delete(key: string): boolean;
  clear(): void;
}

/** The entries of one dictionary. It knows nothing of where they come from. */
export class NearCache {
  /** Read directly on the hit path. */
  readonly entries: EntryMap;
  readonly #limit: CacheLimit;
  readonly #maxAgeMs: number;
  readonly #uncacheable: ReadonlySet<string>;
  readonly #random: () => number;
  #missing = 0;

  /**
   * @param maxAgeMs - Longest life of an entry; each gets 90 to 100 % of it, so that entries read together do not all
   *   expire together.
   * @param uncacheable - Keys that are never held.
   */
  constructor(
    limit: CacheLimit,
    maxAgeMs: number,
    uncacheable: ReadonlySet<string> = new Set(),
    random: () => number = Math.random,
  ) {
    this.#limit = limit;
    this.#maxAgeMs = maxAgeMs;
    this.#uncacheable = uncacheable;
    this.#random = random;
    // quick-lru holds two generations, together up to 2 * maxSize - 1 entries.
    this.entries = typeof limit === 'number' ? new QuickLRU({ maxSize: Math.floor((limit + 1) / 2) }) : new Map();
  }

  /** The entry of `key`, if it belongs to `era`. */
  find(key: string, era: Era): Entry | undefined {
    const entry = this.entries.get(key);
    return entry?.era === era ? entry : undefined;
  }

  put(key: string, entry: Entry, era: Era, seq: number, now: number): void {
    if (this.#limit === false || this.#uncacheable.has(key)) return;
    entry.era = era;
    entry.seq = seq;
    entry.expiresAt = now + this.#maxAgeMs * (0.9 + 0.1 * this.#random());
    if (this.#limit === 'all' && !this.#countMissing(key, entry)) return;
    this.entries.set(key, entry);
  }

  remove(key: string): void {
    if (this.#limit === 'all') this.#countMissing(key, undefined);
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
    this.#missing = 0;
  }

  /** Number of entries that can be served while their partition is fresh. Costs a pass over the cache. */
  count(): number {
    let count = 0;
    for (const [, entry] of this.entries) if (!entry.era.isEnded) count++;
    return count;
  }

  /** Keeps the number of missing keys that are held. Returns whether one more may be held. */
  #countMissing(key: string, next: Entry | undefined): boolean {
    const previous = this.entries.get(key);
    if (previous !== undefined && isMissing(previous)) this.#missing--;
    if (next === undefined || !isMissing(next)) return true;
    if (this.#missing >= MAX_MISSING) {
      this.entries.delete(key);
      return false;
    }
    this.#missing++;
    return true;
  }
}

function isMissing(entry: Entry): boolean {
  return entry.bytes === undefined && entry.value === undefined;
}
