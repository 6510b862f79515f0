import type { Position } from '../position.ts';
import type { Batch, Change, Message } from '../store.ts';
import { versionOf } from '../version.ts';
import { ByteWriter } from './byteWriter.ts';

/**
 * The announcement of a batch as bytes:
 * `0xC1`, format, previous position (12), position (12), origin (6), flags, then per change: kind, length of the key (2),
 * key, and for an inlined value its time to live in milliseconds (6) if it has one, its length (2) and bytes, for
 * another value its version (20).
 *
 * No UTF-8 text starts with `0xC1`, so the bare key that a program without this library publishes can't be mistaken for it.
 */
const FIRST_BYTE = 0xc1;
const FORMAT = 1;
const POSITION_BYTES = 12;
const HEAD_BYTES = 2 + 2 * POSITION_BYTES + 6 + 1;
const VERSION_BYTES = 20;
const CLEAR_FLAG = 1;

const DELETE = 0;
const SET_INLINE = 1;
const SET = 2;
const SET_INLINE_WITH_TTL = 3;
const TTL_BYTES = 6;

/**
 * Most bytes of values in one envelope, which the server copies for every listener: a thousand of 128 bytes. To digest a
 * value takes this process longer than to send it.
 */
const MAX_INLINED = 128 * 1024;
/** Its length takes two bytes. */
const MAX_INLINED_VALUE = 2 ** 16 - 1;

/** What stands in an envelope before the positions, which the script fills in. */
export const ENVELOPE_HEAD: Buffer = Buffer.from([FIRST_BYTE, FORMAT]);

/** What stands behind the origin in front of the only change, where that is an inlined value. */
export const SET_INLINE_HEAD: Buffer = Buffer.of(0, SET_INLINE);

/** Encodes what stands behind the positions. */
export function encodeEnvelopeTail(batch: Batch, origin: number, inlineBytes: number): Buffer {
  const bytes = new ByteWriter(64 * (1 + batch.deletes.length + batch.sets.length));
  bytes.uint48(origin);
  bytes.uint8(batch.clear ? CLEAR_FLAG : 0);
  if (!batch.clear) encodeChanges(batch, inlineBytes, bytes);
  return bytes.written;
}

function encodeChanges({ deletes, sets }: Batch, inlineBytes: number, to: ByteWriter): void {
  const written = new Set(deletes.length === 0 ? [] : sets.map(([key]) => key));
  for (const key of deletes) if (!written.has(key)) encodeKey(DELETE, key, to);
  const largest = Math.min(inlineBytes, MAX_INLINED_VALUE);
  let room = MAX_INLINED;
  for (const [key, bytes, ttlMs] of sets) {
    if (bytes.length <= largest && bytes.length <= room) {
      room -= bytes.length;
      encodeKey(ttlMs === undefined ? SET_INLINE : SET_INLINE_WITH_TTL, key, to);
      if (ttlMs !== undefined) to.uint48(ttlMs);
      to.uint16(bytes.length);
      to.bytes(bytes);
    } else {
      encodeKey(SET, key, to);
      to.hex(versionOf(bytes));
    }
  }
}

function encodeKey(kind: number, key: string, to: ByteWriter): void {
  to.uint8(kind);
  to.text16(key);
}

/** Whether these bytes claim to be an envelope, and not the bare key of a foreign program. */
export function isEnvelope(bytes: Buffer): boolean {
  return bytes[0] === FIRST_BYTE;
}

/** Decodes an envelope; `undefined` if it is damaged or of another format. */
export function decodeEnvelope(bytes: Buffer): Message | undefined {
  if (bytes.length < HEAD_BYTES || bytes[1] !== FORMAT) return undefined;
  const changes: Change[] = [];
  for (let at = HEAD_BYTES; at < bytes.length;) {
    const end = endOfChange(bytes, at);
    if (end === undefined) return undefined;
    changes.push(decodeChange(bytes, at, end));
    at = end;
  }
  return {
    previous: decodePosition(bytes, 2),
    position: decodePosition(bytes, 2 + POSITION_BYTES),
    origin: uint48(bytes, 2 + 2 * POSITION_BYTES),
    clear: bytes[HEAD_BYTES - 1] === CLEAR_FLAG,
    changes,
  };
}

/** Where the change at `at` ends; `undefined` if it is not all there, or of no known kind. */
function endOfChange(bytes: Buffer, at: number): number | undefined {
  if (at + 3 > bytes.length) return undefined;
  const kind = bytes[at];
  const keyEnd = at + 3 + uint16(bytes, at + 1);
  let end = keyEnd;
  if (kind === SET) end += VERSION_BYTES;
  else if (kind === SET_INLINE || kind === SET_INLINE_WITH_TTL) {
    const lengthAt = kind === SET_INLINE ? keyEnd : keyEnd + TTL_BYTES;
    if (lengthAt + 2 > bytes.length) return undefined;
    end = lengthAt + 2 + uint16(bytes, lengthAt);
  } else if (kind !== DELETE) return undefined;
  return end > bytes.length ? undefined : end;
}

/** The change between `at` and `end`. */
function decodeChange(bytes: Buffer, at: number, end: number): Change {
  const keyEnd = at + 3 + uint16(bytes, at + 1);
  const key = bytes.toString('utf8', at + 3, keyEnd);
  switch (bytes[at] as number) {
    case DELETE:
      return { type: 'delete', key };
    case SET_INLINE:
      return new InlineSet(key, undefined, bytes, keyEnd + 2, end);
    case SET_INLINE_WITH_TTL:
      return new InlineSet(key, uint48(bytes, keyEnd), bytes, keyEnd + TTL_BYTES + 2, end);
    default:
      return { type: 'set', key, bytes: undefined, version: bytes.toString('hex', keyEnd, end) };
  }
}

/** The value is cut out of the message when it is asked for: most messages concern keys that are not cached. */
class InlineSet {
  readonly type = 'set';
  readonly key: string;
  readonly ttlMs: number | undefined;
  readonly #message: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(key: string, ttlMs: number | undefined, message: Buffer, start: number, end: number) {
    this.key = key;
    this.ttlMs = ttlMs;
    this.#message = message;
    this.#start = start;
    this.#end = end;
  }

  get bytes(): Uint8Array {
    return this.#message.subarray(this.#start, this.#end);
  }
}

/** A number below 2 ** 48, such as a nonce, in 6 bytes. */
export function encodeNumber(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(6);
  bytes.writeUIntBE(number, 0, 6);
  return bytes;
}

/** Reads a position of 12 bytes. */
export function decodePosition(bytes: Buffer, at: number = 0): Position {
  return { seq: uint48(bytes, at), nonce: uint48(bytes, at + 6) };
}

function uint48(bytes: Buffer, at: number): number {
  return (uint16(bytes, at) * 2 ** 16 + uint16(bytes, at + 2)) * 2 ** 16 + uint16(bytes, at + 4);
}

/** A message is measured before it is read: the checks of `readUInt16BE` would be the better part of reading it. */
function uint16(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
