import type { Entry } from '../cache/entry.ts';
import type { Batch, Ticket } from '../store/store.ts';
import { versionOf } from '../store/version.ts';
import type { Base } from './base.ts';
import type { DirtyEntry } from './dirtyEntry.ts';

/** One entry of a flight, as it was when the flight left. */
interface Passenger {
  readonly dirty: DirtyEntry;
  readonly edits: number;
  readonly bytes: Uint8Array | undefined;
  readonly entry: Entry;
}

/** Dirty entries on their way to the store: what they held when they left, and what it is based on. */
export class Flight {
  readonly batch: Batch;
  readonly #passengers = new Map<string, Passenger>();

  /** @param entries - Their bases are known. */
  constructor(entries: readonly DirtyEntry[], ticket: Ticket) {
    for (const dirty of entries) {
      const { key, edits, bytes, entry } = dirty;
      this.#passengers.set(key, { dirty, edits, bytes, entry });
    }
    this.batch = {
      deletes: entries.filter(({ bytes }) => bytes === undefined).map(({ key }) => key),
      sets: entries.flatMap(({ key, bytes, ttlMs }) => (bytes === undefined ? [] : [[key, bytes, ttlMs] as const])),
      clear: false,
      conditions: entries.map(({ key, base }) => ({ key, version: (base as Base).version })),
      ticket,
    };
  }

  get size(): number {
    return this.#passengers.size;
  }

  get entries(): DirtyEntry[] {
    return [...this.#passengers.values()].map(({ dirty }) => dirty);
  }

  /** What readers of a key share when it has arrived. */
  entryOf(key: string): Entry | undefined {
    return this.#passengers.get(key)?.entry;
  }

  find(key: string): DirtyEntry | undefined {
    return this.#passengers.get(key)?.dirty;
  }

  /** It has arrived: later edits are based on what it brought. */
  land(): void {
    for (const { dirty, edits, bytes, entry } of this.#passengers.values()) {
      dirty.land(edits, { version: bytes === undefined ? null : versionOf(bytes), entry });
    }
  }
}
