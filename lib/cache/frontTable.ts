/** What holds entries: a quick-lru or a Map. */
export interface Held<V> extends Iterable<[string, V]> {
  get(key: string): V | undefined;
  set(key: string, value: V): unknown;
  delete(key: string): boolean;
  clear(): void;
  /** What `get` returns; it does not count as use. */
  peek(key: string): V | undefined;
}

/** An object without a prototype, which V8 keeps as a hash table. */
type Table<V> = Record<string, V | undefined>;

/**
 * A table of what was found lately, in front of what holds all entries.
 *
 * quick-lru asks two Maps and a wrapper, and a Map compares strings. The key of a read comes from the Proxy as an interned
 * string, which an object finds by its address: together that is a quarter of a hit (docs/performance.md).
 *
 * The table is dropped from time to time, so that every key that is in use passes the quick-lru and counts as used there.
 */
export class FrontTable<V> implements Held<V> {
  #found: Table<V> = emptyTable();
  #left: number;
  readonly #held: Held<V>;
  readonly #lifetime: number;

  /**
   * @param lifetime - Number of additions, to what is held or to the table, for which the table lives. Half of what a
   *   quick-lru takes for one generation: nothing that is in the table has been evicted.
   */
  constructor(held: Held<V>, lifetime: number) {
    this.#held = held;
    this.#lifetime = lifetime;
    this.#left = lifetime;
  }

  get(key: string): V | undefined {
    return this.#found[key] ?? this.#find(key);
  }

  peek(key: string): V | undefined {
    return this.#held.peek(key);
  }

  set(key: string, value: V): void {
    this.#countAddition();
    if (this.#found[key] !== undefined) this.#found[key] = value;
    this.#held.set(key, value);
  }

  delete(key: string): boolean {
    delete this.#found[key];
    return this.#held.delete(key);
  }

  clear(): void {
    this.#drop();
    this.#held.clear();
  }

  [Symbol.iterator](): Iterator<[string, V]> {
    return this.#held[Symbol.iterator]();
  }

  #find(key: string): V | undefined {
    const value = this.#held.get(key);
    if (value === undefined) return undefined;
    // To find it may have added it to the recent generation.
    this.#countAddition();
    this.#found[key] = value;
    return value;
  }

  #countAddition(): void {
    this.#left--;
    if (this.#left < 0) this.#drop();
  }

  #drop(): void {
    this.#found = emptyTable();
    this.#left = this.#lifetime;
  }
}

function emptyTable<V>(): Table<V> {
  return Object.create(null) as Table<V>;
}
