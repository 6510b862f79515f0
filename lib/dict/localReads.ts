import type { Entry } from '../cache/entry.ts';
import type { EntryMap } from '../cache/nearCache.ts';
import type { TurnClock } from '../cache/turnClock.ts';
import type { Values } from '../codec/values.ts';
import type { PendingWrite } from '../write/writer.ts';
import { reservedNames } from './keys.ts';
import { type Awaitable, LazyRead } from './lazyRead.ts';

/** Asks the store, or joins a read that is under way: what it returns brings the value when it is awaited. */
export type Fetch = (key: string) => Awaitable;

export interface LocalReadsOptions {
  readonly entries: EntryMap;
  readonly pending: ReadonlyMap<string, PendingWrite>;
  readonly clock: TurnClock;
  readonly values: Values;
  readonly fetch: Fetch;
  /** Called in the first read of a turn: the dictionary is in use. */
  readonly onUse: () => void;
}

/** Answers reads from what this process knows, and asks the store for the rest. */
export class LocalReads {
  /** Reads served from pending writes of this process. */
  pendingHits = 0;
  readonly #entries: EntryMap;
  #pending: ReadonlyMap<string, PendingWrite>;
  readonly #clock: TurnClock;
  readonly #values: Values;
  readonly #fetch: Fetch;
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
    const clock = this.#clock;
    if (clock.credit-- <= 0) {
      this.#look();
      if (clock.isOverdue) return this.#nextTurn(key);
    }
    const { era } = entry;
    if (era.freshUntil < clock.now || entry.expiresAt < clock.now) return undefined;
    const read = entry.promise ?? this.#open(key, entry);
    if (read !== undefined) era.hits++;
    return read;
  }

  /** A read of `key` from memory or from the store. */
  get(key: string): Awaitable {
    return this.hit(key) ?? this.ask(key);
  }

  /** A read of `key`, which was found to be no hit, from the store, or of a write on its way. */
  ask(key: string): Awaitable {
    this.#onUse();
    const pending = this.#pending.get(key);
    return pending === undefined ? this.#fetch(key) : this.#peekPending(key, pending);
  }

  /**
   * The value of an entry.
   *
   * @throws {CodecError} The stored bytes can't be read.
   */
  decoded(key: string, entry: Entry): unknown {
    try {
      return entry.peek(key, this.#values);
    } catch (error) {
      this.#drop(key, entry);
      throw error;
    }
  }

  /** The value from memory; `undefined` if it is missing or not in memory. */
  peek(key: string): unknown {
    if (this.#pending.size !== 0) {
      const pending = this.#pending.get(key);
      if (pending !== undefined) return this.#valueOf(key, pending.entry);
    }
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const clock = this.#clock;
    if (clock.credit-- <= 0) this.#look();
    const { era } = entry;
    if (era.freshUntil < clock.now || entry.expiresAt < clock.now) return undefined;
    era.hits++;
    return entry.value ?? this.#valueOf(key, entry);
  }

  /** What is in memory, own pending writes in the place of what they replace. For printing. */
  *held(): Generator<readonly [string, unknown]> {
    for (const [key, { entry }] of this.#pending) yield [key, this.#valueOf(key, entry)];
    for (const [key, entry] of this.#entries) {
      if (!entry.era.isEnded && !this.#pending.has(key)) yield [key, this.#valueOf(key, entry)];
    }
  }

  /** Shows no pending writes any more. */
  close(): void {
    this.#pending = new Map();
  }

  /** The Proxy asks for reserved names on behalf of the language: for it they are never there. */
  #hitPending(key: string, pending: PendingWrite): Promise<unknown> | undefined {
    if (reservedNames.has(key)) return undefined;
    // A loop of these would keep the very write from going out.
    if (this.#clock.credit-- <= 0) {
      this.#look();
      if (this.#clock.isOverdue) return this.#nextTurn(key);
    }
    const read = this.#open(key, pending.entry);
    if (read !== undefined) this.pendingHits++;
    return read;
  }

  async #peekPending(key: string, { entry }: PendingWrite): Promise<unknown> {
    return entry.peek(key, this.#values);
  }

  #look(): void {
    this.#clock.look();
    this.#onUse();
  }

  /** Goes on after the event loop has let messages in. */
  #nextTurn(key: string): Promise<unknown> {
    return new LazyRead(key, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return this.get(key);
    });
  }

  /** The first read of an entry decodes it. What can't be read counts as a miss: its reader will be told by `get`. */
  #open(key: string, entry: Entry): Promise<unknown> | undefined {
    try {
      return entry.read(key, this.#values);
    } catch {
      this.#drop(key, entry);
      return undefined;
    }
  }

  #valueOf(key: string, entry: Entry): unknown {
    try {
      return this.decoded(key, entry);
    } catch {
      return undefined;
    }
  }

  /** Unreadable bytes leave the cache. */
  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}
