import { ownBytes } from '../codec/ownBytes.ts';
import type { Values } from '../codec/values.ts';
import { usageError } from '../errors.ts';
import { versionOf } from '../store/version.ts';

/**
 * A stretch of a partition's history during which nothing was missed.
 *
 * Entries belong to the era in which they were filled. Ending an era takes all of them out of use at once, without a scan.
 */
export class Era {
  /** Milliseconds of the turn clock up to which the entries are proven fresh enough to serve. */
  freshUntil: number = Number.NEGATIVE_INFINITY;
  /** Reads served from entries of this era. */
  hits = 0;
  isEnded = false;

  end(): void {
    this.isEnded = true;
    this.freshUntil = Number.NEGATIVE_INFINITY;
  }
}

/** The era of what is not in the cache: a pending write, a reply that may not be kept. */
const NO_ERA: Era = new Era();

/**
 * What is known of one key: the stored bytes, or their decoded form once somebody has asked for it.
 *
 * `undefined` bytes at creation mean that the key is missing, which is worth remembering too.
 */
export class Entry {
  /** The settled read of a value that all readers share; absent until the first read, and for values that need a copy per read. */
  promise: Promise<unknown> | undefined;
  value: unknown;
  bytes: Uint8Array | undefined;
  era: Era = NO_ERA;
  /** Sequence number of the position at which the entry was read or written. */
  seq = 0;
  /** Milliseconds of the turn clock after which the entry is not served. */
  expiresAt: number = Number.POSITIVE_INFINITY;
  /** The version of the stored bytes once they were decoded, where `values` keeps versions. */
  version: string | undefined;
  /** Has a time to live in the store. */
  isMortal = false;

  constructor(bytes: Uint8Array | undefined) {
    this.bytes = bytes;
    this.promise = bytes === undefined ? settledRead(undefined) : undefined;
    this.value = undefined;
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
    this.expiresAt = since + ttlMs;
    return this;
  }

  /**
   * The settled read of this entry.
   *
   * @throws {CodecError} The stored bytes can't be read.
   */
  read(key: string, values: Values): Promise<unknown> {
    if (this.promise !== undefined) return this.promise;
    const value = this.#decode(key, values);
    return this.promise ?? settledRead(value);
  }

  /** The value itself: `undefined` for a missing key. */
  peek(key: string, values: Values): unknown {
    return this.promise === undefined ? this.#decode(key, values) : this.value;
  }

  /** Lets go of what its bytes were cut from, if it is in the cache. Not called for replies: their readers decode them. */
  own(): void {
    if (this.bytes !== undefined && this.era !== NO_ERA) this.bytes = ownBytes(this.bytes);
  }

  #decode(key: string, values: Values): unknown {
    if (this.bytes === undefined) return undefined;
    const { value, shareable } = values.decode(key, this.bytes);
    if (shareable) {
      this.value = value;
      this.promise = settledRead(value);
      if (values.keepsVersions) this.version = versionOf(this.bytes);
      this.bytes = undefined;
    } else {
      this.own();
    }
    return value;
  }
}

/** Makes a read that is used without `await` fail where it is used, instead of writing '[object Promise]' somewhere. */
const awaitGuard: PropertyDescriptor = {
  value: (): never => {
    throw usageError(
      'A read of a dictionary is a promise: write `await dict.key`. To change a value by what it was, use update().',
    );
  },
};

/** Defines the guard on a read that the Proxy hands out. */
export function guardRead<R extends object>(read: R): R {
  return Object.defineProperty(read, Symbol.toPrimitive, awaitGuard);
}

function settledRead(value: unknown): Promise<unknown> {
  return guardRead(Promise.resolve(value));
}
