import type { Entry } from '../cache/entry.ts';
import type { EntryMap } from '../cache/nearCache.ts';
import type { Reply } from '../cache/reply.ts';
import type { TurnClock } from '../cache/turnClock.ts';
import type { Values } from '../codec/values.ts';
import type { PendingWrite } from '../write/writer.ts';
import { reservedNames } from './keys.ts';

export interface LocalReadsOptions {
  readonly entries: EntryMap;
  readonly pending: ReadonlyMap<string, PendingWrite>;
  readonly clock: TurnClock;
  readonly values: Values;
  /** Asks the store, or joins a read that is under way. */
  readonly fetch: (key: string) => Promise<Reply>;
  /** Called in the first read of a turn: the dictionary is in use. */
  readonly onUse: () => void;
}

/** Answers reads from what this process knows, and asks the store for the rest. */
export class LocalReads {
  /** Reads served from pending writes of this process. */
  pendingHits = 0;
  readonly #entries: EntryMap;
  readonly #pending: ReadonlyMap<string, PendingWrite>;
  readonly #clock: TurnClock;
  readonly #values: Values;
  readonly #fetch: (key: string) => Promise<Reply>;
  readonly #onUse: () => void;

  constructor(options: LocalReadsOptions) {
    this.#entries = options.entries;
    this.#pending = options.pending;
    this.#clock = options.clock;
    this.#values = options.values;
    this.#fetch = options.fetch;
    this.#onUse = options.onUse;
  }

  /** The read of `key` from memory; `undefined` if the store has to be asked. This is the hot path. */
  hit(key: string): Promise<unknown> | undefined {
    if (this.#pending.size !== 0) {
      const pending = this.#pending.get(key);
      if (pending !== undefined) return this.#hitPending(key, pending);
    }
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#clock.credit-- <= 0) {
      this.#look();
      if (this.#clock.isOverdue) return this.#nextTurn(key);
    }
    const { era } = entry;
    if (era.freshUntil < this.#clock.now || entry.expiresAt < this.#clock.now) return undefined;
    era.hits++;
    return entry.promise ?? this.#open(key, entry);
  }

  /** A read of `key` from memory or from the store. */
  get(key: string): Promise<unknown> {
    const hit = this.hit(key);
    if (hit !== undefined) return hit;
    this.#onUse();
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending.entry.read(key, this.#values);
    return this.#fetch(key).then((reply) => reply.entry.peek(key, this.#values));
  }

  /** The value from memory; `undefined` if it is missing or not in memory. */
  peek(key: string): unknown {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending.entry.peek(key, this.#values);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#clock.credit-- <= 0) this.#look();
    if (entry.era.freshUntil < this.#clock.now || entry.expiresAt < this.#clock.now) return undefined;
    entry.era.hits++;
    return this.#valueOf(key, entry);
  }

  /** What the cache holds, for printing. */
  *cached(): Generator<readonly [string, unknown]> {
    for (const [key, entry] of this.#entries) {
      const value = entry.era.isEnded ? undefined : this.#valueOf(key, entry);
      if (value !== undefined) yield [key, value];
    }
  }

  /** The Proxy asks for reserved names on behalf of the language: for it they are never there. */
  #hitPending(key: string, pending: PendingWrite): Promise<unknown> | undefined {
    if (reservedNames.has(key)) return undefined;
    this.pendingHits++;
    return pending.entry.read(key, this.#values);
  }

  #look(): void {
    this.#clock.look();
    this.#onUse();
  }

  /** Goes on after the event loop has let messages in. */
  #nextTurn(key: string): Promise<unknown> {
    return new Promise((resolve) => {
      setImmediate(() => {
        resolve(this.get(key));
      });
    });
  }

  /** The first read of an entry decodes it. Unreadable bytes leave the cache; the store's reply will tell the reader. */
  #open(key: string, entry: Entry): Promise<unknown> | undefined {
    try {
      return entry.read(key, this.#values);
    } catch {
      this.#entries.delete(key);
      return undefined;
    }
  }

  #valueOf(key: string, entry: Entry): unknown {
    try {
      return entry.peek(key, this.#values);
    } catch {
      this.#entries.delete(key);
      return undefined;
    }
  }
}
