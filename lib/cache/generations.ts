/** An object without a prototype, which V8 keeps as a hash table. */
type Table<V> = Record<string, V | undefined>;

/**
 * A map of what was used last, in two generations: when the recent one is full it becomes the older one, and what was
 * not used since is gone.
 *
 * It evicts as quick-lru does, which looks up twice and wraps every value in an object. And it looks up in objects: the
 * key of a read comes as an interned string, which they find by its address, where a Map compares strings. Together that
 * is 30 % of a hit (docs/performance.md).
 */
export class Generations<V> implements Iterable<[string, V]> {
  #recent: Table<V> = emptyTable();
  #older: Table<V> = emptyTable();
  #recentSize = 0;
  readonly #maxRecent: number;
  readonly #onEvicted: (key: string, value: V) => void;

  /**
   * @param maxItems - Most values held, 1 or more; at least half of them stay.
   * @param onEvicted - Told of what makes room for others. It is gone already.
   */
  constructor(maxItems: number, onEvicted: (key: string, value: V) => void) {
    this.#maxRecent = Math.floor((maxItems + 1) / 2);
    this.#onEvicted = onEvicted;
  }

  get(key: string): V | undefined {
    return this.#recent[key] ?? this.#revive(key);
  }

  set(key: string, value: V): void {
    const isNew = this.#recent[key] === undefined;
    this.#recent[key] = value;
    if (!isNew) return;
    delete this.#older[key];
    this.#recentSize++;
    if (this.#recentSize >= this.#maxRecent) this.#age();
  }

  /** Removes a value, and returns it. */
  delete(key: string): V | undefined {
    const table = this.#recent[key] === undefined ? this.#older : this.#recent;
    const value = table[key];
    if (value === undefined) return undefined;
    if (table === this.#recent) this.#recentSize--;
    delete table[key];
    return value;
  }

  clear(): void {
    this.#recent = emptyTable();
    this.#older = emptyTable();
    this.#recentSize = 0;
  }

  *[Symbol.iterator](): Generator<[string, V]> {
    yield* entriesOf(this.#recent);
    yield* entriesOf(this.#older);
  }

  #revive(key: string): V | undefined {
    const value = this.#older[key];
    if (value !== undefined) this.set(key, value);
    return value;
  }

  #age(): void {
    const evicted = this.#older;
    this.#older = this.#recent;
    this.#recent = emptyTable();
    this.#recentSize = 0;
    for (const [key, value] of entriesOf(evicted)) this.#onEvicted(key, value);
  }
}

/** Costs three times as much as a pass over a Map: not for what is asked often. */
function* entriesOf<V>(table: Table<V>): Generator<[string, V]> {
  for (const key in table) {
    const value = table[key];
    if (value !== undefined) yield [key, value];
  }
}

function emptyTable<V>(): Table<V> {
  return Object.create(null) as Table<V>;
}
