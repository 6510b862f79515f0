import { ownBytes } from '../codec/ownBytes.ts';
import type { Values } from '../codec/values.ts';
import { usageError } from '../errors.ts';
import { versionOf } from '../store/version.ts';
import { NEVER } from './turnClock.ts';

/**
 * A stretch of a partition's history during which nothing was missed.
 *
 * Entries belong to the era in which they were filled. Ending an era takes all of them out of use at once, without a scan.
 */
export class Era {
  /** Whole milliseconds of the turn clock up to which the entries are proven fresh enough to serve. */
  freshUntil: number = NEVER;
  /** Reads served from entries of this era. */
  hits = 0;
  isEnded = false;

  end(): void {
    this.isEnded = true;
    this.freshUntil = NEVER;
  }
}

/** The era of what is not in the cache: a pending write, a reply that may not be kept. */
const NO_ERA: Era = new Era();
/** The end of an entry that has none yet. */
const NO_END = 2 ** 31 - 1;
/** How long an entry with a longer time to live may stay: 12 days, so that its end is a small integer, too. */
const LONGEST_LIFE_MS = 2 ** 30;

/**
 * What is known of one key: the stored bytes, or their decoded form once somebody has asked for it.
 *
 * `undefined` bytes at creation mean that the key is missing, which is worth remembering too.
 *
 * There is one for every cached key: five fields, 64 bytes, beside the 48 of the promise. (A private method would be a
 * sixth field.)
 */
export class Entry {
  /** The settled read of a value that all readers share; absent until the first hit, and for values that need a copy per read. */
  promise: Promise<unknown> | undefined;
  era: Era = NO_ERA;
  /** Whole milliseconds of the turn clock after which the entry is not served. */
  expiresAt: number = NO_END;
  /** Sequence number of the position at which the entry was read or written. */
  seq = 0;
  /** The stored bytes, or the value that all readers share. No value that they share is binary. */
  #content: unknown;
  /** The version of the stored bytes once they were decoded, where `values` keeps versions. Absent elsewhere, as it costs memory. */
  declare version?: string;
  /** Has a time to live in the store. Absent elsewhere. */
  declare isMortal?: true;

  constructor(bytes: Uint8Array | undefined) {
    this.promise = undefined;
    this.#content = bytes;
  }

  /** The stored bytes, until they are decoded; `undefined` for a missing key. */
  get bytes(): Uint8Array | undefined {
    return ArrayBuffer.isView(this.#content) ? (this.#content as Uint8Array) : undefined;
  }

  /** The decoded value; `undefined` until it is decoded, and for a missing key. */
  get value(): unknown {
    return ArrayBuffer.isView(this.#content) ? undefined : this.#content;
  }

  get isMissing(): boolean {
    return this.#content === undefined;
  }

  /**
   * Gives it a time to live that was told in answer to a request.
   *
   * @param ttlMs - Milliseconds; `undefined`: no limit.
   * @param since - When the request was sent, in monotonic milliseconds: the time began later, so it does not end before.
   */
  livingFor(ttlMs: number | undefined, since: number): this {
    if (ttlMs === undefined) return this;
    this.isMortal = true;
    this.expireBy(since + Math.min(ttlMs, LONGEST_LIFE_MS));
    return this;
  }

  /** Ends its life at a time in milliseconds, if it does not end before. */
  expireBy(time: number): void {
    const end = Math.floor(time);
    if (this.expiresAt === NO_END || end < this.expiresAt) this.expiresAt = end;
  }

  hasExpired(now: number): boolean {
    return this.expiresAt !== NO_END && this.expiresAt <= now;
  }

  /**
   * The settled read of this entry.
   *
   * @throws {CodecError} The stored bytes can't be read.
   */
  read(key: string, values: Values): Promise<unknown> {
    if (this.promise !== undefined) return this.promise;
    const read = settledRead(this.peek(key, values));
    if (this.bytes === undefined) this.promise = read;
    return read;
  }

  /**
   * The value itself: `undefined` for a missing key.
   *
   * @throws {CodecError} The stored bytes can't be read.
   */
  peek(key: string, values: Values): unknown {
    const { bytes } = this;
    if (bytes === undefined) return this.#content;
    const { value, shareable } = values.decode(key, bytes);
    if (shareable) {
      this.#content = value;
      if (values.keepsVersions) this.version = versionOf(bytes);
    } else {
      this.own();
    }
    return value;
  }

  /** Lets go of what its bytes were cut from, if it is in the cache. Not called for replies: their readers decode them. */
  own(): void {
    const { bytes } = this;
    if (bytes !== undefined && this.era !== NO_ERA) this.#content = ownBytes(bytes);
  }
}

/** Makes a read that is used without `await` fail where it is used, instead of writing '[object Promise]' somewhere. */
export function refuseConversion(): never {
  throw usageError(
    'A read of a dictionary is a promise: write `await dict.key`. To change a value by what it was, use update().',
  );
}

/** An accessor lives in the hidden class that all reads share; a value would cost every read 40 bytes. */
const awaitGuard: PropertyDescriptor = { get: () => refuseConversion };

/** Defines the guard on a read that the Proxy hands out. */
export function guardRead<R extends object>(read: R): R {
  return Object.defineProperty(read, Symbol.toPrimitive, awaitGuard);
}

function settledRead(value: unknown): Promise<unknown> {
  return guardRead(Promise.resolve(value));
}
