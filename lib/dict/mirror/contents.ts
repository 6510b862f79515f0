import type { CopyChange } from '../../coherence/copyChange.ts';
import { Packed, unpacked } from './packed.ts';

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

/** What the store holds, as far as it can be shown: where a value can't be, the last good one stays. */
export class Contents {
  /** Keys whose stored value can't be shown, and why. */
  readonly invalid: Map<string, Error> = new Map<string, Error>();
  readonly #values = new Map<string, unknown>();
  /** Monotonic milliseconds after which keys are gone. */
  readonly #limits = new Map<string, number>();
  readonly #now: () => number;
  readonly #onExpired: (keys: readonly string[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** @param onExpired - Told of keys whose time is over, when they are gone. */
  constructor(now: () => number, onExpired: (keys: readonly string[]) => void) {
    this.#now = now;
    this.#onExpired = onExpired;
  }

  /** May be packed. */
  get(key: string): unknown {
    return this.#values.get(key);
  }

  /** Gives every value, packed or not. */
  forEach(take: (key: string, value: unknown) => void): void {
    this.#values.forEach((value, key) => {
      take(key, value);
    });
  }

  /** The keys that the store holds. */
  keys(): Iterable<string> {
    return this.invalid.size === 0 ? this.#values.keys() : new Set([...this.#values.keys(), ...this.invalid.keys()]);
  }

  /** What the store holds, without what has a time to live. */
  entries(): (readonly [string, unknown])[] {
    return [...this.#values].filter(([key]) => !this.#limits.has(key)).map(([key, value]) => [key, unpacked(value)]);
  }

  /** Unpacks what is packed, one by one, and yields each key. */
  *unpackAll(): Iterable<string> {
    for (const [key, value] of this.#values) {
      if (!(value instanceof Packed)) continue;
      this.#values.set(key, value.unpack());
      yield key;
    }
  }

  /** Takes a change, and returns whether it can be shown. */
  put(key: string, { content, expiresAt }: CopyChange): boolean {
    this.invalid.delete(key);
    this.#limits.delete(key);
    if (expiresAt !== undefined) this.#limit(key, expiresAt);
    if (content === undefined) this.#values.delete(key);
    else if (content instanceof Refused) this.invalid.set(key, content.error);
    else this.#values.set(key, content);
    return !(content instanceof Refused);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#limits.clear();
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
      this.#values.delete(key);
      this.invalid.delete(key);
    }
    this.#wakesAt = Number.POSITIVE_INFINITY;
    if (this.#limits.size > 0) this.#wakeAt(Math.max(next, now + LEAST_PAUSE_MS));
    if (expired.length > 0) this.#onExpired(expired);
  }
}
