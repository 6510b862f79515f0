import type { Entry } from '../../cache/entry.ts';
import type { Position } from '../../store/position.ts';
import type { PendingWrite } from '../../write/writer.ts';

interface Pending {
  readonly entry: Entry;
  readonly value: unknown;
}

/** A write that the store has, and the copy of it perhaps not yet. */
interface Applied {
  readonly value: unknown;
  readonly partition: number;
  readonly position: Position;
  /** Monotonic milliseconds at which the store had said so. */
  readonly at: number;
}

/** The writes of this process that its copy of the store does not have yet: their readers see them at once. */
export class OwnWrites {
  readonly #writes: ReadonlyMap<string, PendingWrite>;
  readonly #valueOf: (key: string, entry: Entry) => unknown;
  readonly #pending = new Map<string, Pending>();
  readonly #applied = new Map<string, Applied>();

  constructor(writes: ReadonlyMap<string, PendingWrite>, valueOf: (key: string, entry: Entry) => unknown) {
    this.#writes = writes;
    this.#valueOf = valueOf;
    for (const key of writes.keys()) this.noteWrite(key);
  }

  has(key: string): boolean {
    return this.#pending.has(key) || this.#applied.has(key);
  }

  /** `undefined`: deleted. */
  get(key: string): unknown {
    return (this.#pending.get(key) ?? this.#applied.get(key))?.value;
  }

  keys(): Set<string> {
    return new Set([...this.#pending.keys(), ...this.#applied.keys()]);
  }

  /** The pending write of `key` has appeared, changed or gone. */
  noteWrite(key: string): void {
    const entry = this.#writes.get(key)?.entry;
    if (entry === undefined) this.#pending.delete(key);
    else this.#pending.set(key, { entry, value: this.#valueOf(key, entry) });
  }

  /** The store has a write, which left `entry`. */
  acknowledged(key: string, entry: Entry, partition: number, position: Position, at: number): void {
    const pending = this.#pending.get(key);
    const value = pending?.entry === entry ? pending.value : this.#valueOf(key, entry);
    this.#applied.set(key, { value, partition, position, at });
  }

  /**
   * The copy has come further.
   *
   * @param has - Whether it has what was written at a position.
   * @param freshAsOf - As of when it is proven: a write before that which it does not have was lost by the store.
   * @returns The keys that are not covered any more.
   */
  settle(partition: number, has: (position: Position) => boolean, freshAsOf: number): string[] {
    const met: string[] = [];
    for (const [key, write] of this.#applied) {
      if (write.partition !== partition || (write.at >= freshAsOf && !has(write.position))) continue;
      this.#applied.delete(key);
      met.push(key);
    }
    return met;
  }
}
