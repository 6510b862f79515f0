import type { CopyChange } from '../../coherence/copyChange.ts';
import { PROTO } from '../keys.ts';
import { unpacked } from './packed.ts';
import type { Table } from './table.ts';

/** A stored value that can't be shown. */
export class Refused {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** Shortest time between two looks at what is over, each of which looks at every limit, in milliseconds. */
const LEAST_PAUSE_MS = 10;
/** Longest time that a timer of Node takes, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * What the store holds, as far as it can be shown: where a value can't be, the last good one stays.
 *
 * Readers may share its table: then a key that shows something else has what is stored apart.
 */
export class Contents {
  /** Keys whose stored value can't be shown, and why. */
  readonly invalid: Map<string, Error> = new Map<string, Error>();
  #table: Table;
  #isShared = false;
  /** What is stored where the table does not tell it; `undefined`: nothing. */
  readonly #apart = new Map<string, unknown>();
  /** Monotonic milliseconds after which keys are gone. */
  readonly #limits = new Map<string, number>();
  readonly #now: () => number;
  readonly #onExpired: (keys: readonly string[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** @param onExpired - Told of keys whose time is over, when they are gone. */
  constructor(table: Table, now: () => number, onExpired: (keys: readonly string[]) => void) {
    this.#table = table;
    this.#now = now;
    this.#onExpired = onExpired;
  }

  get isEmpty(): boolean {
    return this.#apart.size === 0 && this.invalid.size === 0 && this.#table.isEmpty;
  }

  /** May be packed. */
  get(key: string): unknown {
    return this.#apart.has(key) ? this.#apart.get(key) : this.#table.peek(key);
  }

  /** The keys that the store holds. */
  keys(): Iterable<string> {
    const keys = this.#readable();
    return this.invalid.size === 0 ? keys : new Set([...keys, ...this.invalid.keys()]);
  }

  /** What the store holds, without what has a time to live. */
  entries(): (readonly [string, unknown])[] {
    return [...this.#readable()].filter((key) => !this.#limits.has(key)).map((key) => [key, unpacked(this.get(key))]);
  }

  /** Everything is what the table holds. */
  adopt(table: Table): void {
    this.#table = table;
  }

  /** From now on readers see the table, and `cover` tells what they see. */
  share(): void {
    this.#isShared = true;
  }

  /** Readers are about to see `value` under the key. */
  cover(key: string, value: unknown): void {
    const stored = this.get(key);
    if (stored === value && key !== PROTO) this.#apart.delete(key);
    else this.#apart.set(key, unpacked(stored));
  }

  /** Takes a change, and returns whether it can be shown. */
  put(key: string, { content, expiresAt }: CopyChange): boolean {
    this.invalid.delete(key);
    this.#limits.delete(key);
    if (expiresAt !== undefined) this.#limit(key, expiresAt);
    if (content instanceof Refused) this.invalid.set(key, content.error);
    else this.#set(key, content);
    return !(content instanceof Refused);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#limits.clear();
  }

  #set(key: string, value: unknown): void {
    if (this.#isShared || key === PROTO) this.#apart.set(key, value);
    else this.#table.set(key, value);
  }

  /** The keys whose value can be shown. */
  #readable(): Iterable<string> {
    if (this.#apart.size === 0) return this.#table.keys();
    const keys = new Set(this.#table.keys());
    for (const [key, value] of this.#apart) {
      if (value === undefined) keys.delete(key);
      else keys.add(key);
    }
    return keys;
  }

  #limit(key: string, expiresAt: number): void {
    this.#limits.set(key, expiresAt);
    if (expiresAt < this.#wakesAt) this.#wakeAt(expiresAt);
  }

  #wakeAt(time: number): void {
    clearTimeout(this.#timer);
    this.#wakesAt = time;
    const ms = Math.min(Math.max(1, Math.ceil(time - this.#now())), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#expire();
    }, ms).unref();
  }

  #expire(): void {
    const now = this.#now();
    const expired: string[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, expiresAt] of this.#limits) {
      if (expiresAt <= now) expired.push(key);
      else next = Math.min(next, expiresAt);
    }
    for (const key of expired) {
      this.#limits.delete(key);
      this.#set(key, undefined);
      this.invalid.delete(key);
    }
    this.#wakesAt = Number.POSITIVE_INFINITY;
    if (this.#limits.size > 0) this.#wakeAt(Math.max(next, now + LEAST_PAUSE_MS));
    if (expired.length > 0) this.#onExpired(expired);
  }
}
