/**
 * A map of what was used last, in two generations: when the recent one is full it becomes the older one, and what was
 * not used since is gone.
 *
 * It evicts as quick-lru does. That one looks up twice and wraps every value in an object of its own, which costs 15 %
 * of a hit and 40 bytes of an entry (docs/performance.md).
 */
export class Generations<V> implements Iterable<[string, V]> {
  #recent = new Map<string, V>();
  #older = new Map<string, V>();
  readonly #maxRecent: number;
  readonly #onEvicted: ((key: string) => void) | undefined;

  /**
   * @param maxItems - Most values held, 1 or more; at least half of them stay.
   * @param onEvicted - Told of what makes room for others.
   */
  constructor(maxItems: number, onEvicted?: (key: string) => void) {
    this.#maxRecent = Math.floor((maxItems + 1) / 2);
    this.#onEvicted = onEvicted;
  }

  get(key: string): V | undefined {
    return this.#recent.get(key) ?? this.#revive(key);
  }

  set(key: string, value: V): void {
    this.#older.delete(key);
    this.#recent.set(key, value);
    if (this.#recent.size >= this.#maxRecent) this.#age();
  }

  delete(key: string): boolean {
    return this.#recent.delete(key) || this.#older.delete(key);
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }

  *[Symbol.iterator](): Generator<[string, V]> {
    yield* this.#recent;
    yield* this.#older;
  }

  #revive(key: string): V | undefined {
    const value = this.#older.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  #age(): void {
    const evicted = this.#older;
    this.#older = this.#recent;
    this.#recent = new Map();
    if (this.#onEvicted !== undefined) for (const key of evicted.keys()) this.#onEvicted(key);
  }
}
