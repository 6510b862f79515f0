import { types } from 'node:util';
import { CodecError, NearDictError, ValueTooLargeError } from '../errors.ts';
import type { Codec } from './codec.ts';
import { type Finish, finishDecoded } from './decoded.ts';

/** A decoded value, and whether all readers may share it. If not, each reader decodes a copy of its own. */
export interface Decoded {
  readonly value: unknown;
  readonly shareable: boolean;
}

/** What `values` decides: readers share one deep-frozen value, or each reader gets a copy that it may change. */
export type ValueMode = 'frozen' | 'clone';

/** Turns values into stored bytes and back, by a codec, with the library's limits and errors around it. */
export class Values {
  readonly codecName: string;
  /** Whether entries remember the version of bytes that they no longer hold. */
  readonly keepsVersions: boolean;
  readonly #codec: Codec;
  readonly #mode: ValueMode;
  readonly #maxValueBytes: number;

  constructor(codec: Codec, mode: ValueMode, maxValueBytes: number, keepsVersions: boolean = false) {
    this.keepsVersions = keepsVersions;
    this.codecName = codec.name ?? 'custom';
    this.#codec = codec;
    this.#mode = mode;
    this.#maxValueBytes = maxValueBytes;
  }

  /**
   * @throws {CodecError} The codec can't keep the value.
   * @throws {ValueTooLargeError} The encoded value is too large.
   */
  encode(value: unknown): Uint8Array {
    const bytes = this.#encoded(value);
    if (bytes.length > this.#maxValueBytes) throw new ValueTooLargeError(bytes.length, this.#maxValueBytes);
    return bytes;
  }

  /**
   * @throws {CodecError} The bytes are not of this codec. The error carries the key and has no cause: a parser's own
   *   message may quote the value.
   */
  decode(key: string, bytes: Uint8Array): Decoded {
    return this.#decoded(key, bytes, this.#mode);
  }

  /** Whether it is certain, without decoding them, that the bytes can be read. */
  isSound(bytes: Uint8Array): boolean {
    return this.#codec.isSound?.(bytes) === true;
  }

  /**
   * A value that all readers share without a way to change it, but for the elements of binary.
   *
   * @throws {CodecError} The bytes are not of this codec.
   */
  decodeGuarded(key: string, bytes: Uint8Array): unknown {
    return this.#decoded(key, bytes, 'guarded').value;
  }

  /** The same of a value that others hold, too. Where the format can't keep it, it is guarded itself. */
  guardedOf(key: string, value: unknown): unknown {
    try {
      return this.guardedCopy(key, value);
    } catch {
      finishDecoded(value, 'guarded');
      return value;
    }
  }

  /** The value as it comes back from the store, guarded. */
  guardedCopy(key: string, value: unknown): unknown {
    return this.decodeGuarded(key, this.encode(value));
  }

  #decoded(key: string, bytes: Uint8Array, finish: Finish): Decoded {
    try {
      const value = this.#codec.decode(asPlainBytes(bytes));
      if (value === undefined || types.isPromise(value)) throw new TypeError('no value');
      return { value, shareable: finishDecoded(value, finish) };
    } catch {
      throw new CodecError(
        `The stored bytes of this key (see error.key) can't be read as ${this.codecName}. Overwrite or delete the key, or open the namespace with the codec that wrote it.`,
        { key },
      );
    }
  }

  #encoded(value: unknown): Uint8Array {
    let bytes: unknown;
    try {
      bytes = this.#codec.encode(value);
    } catch (error) {
      if (error instanceof NearDictError) throw error;
      throw new CodecError(`The codec '${this.codecName}' can't encode this value.`, { cause: error });
    }
    if (bytes instanceof Uint8Array) return bytes;
    throw new CodecError(`The codec '${this.codecName}' must encode to a Uint8Array.`);
  }
}

/** Out of a Buffer, codecs would cut Buffers that share its memory; and stores differ in what they return. */
function asPlainBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
}
