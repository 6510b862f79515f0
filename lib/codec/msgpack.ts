import { Packr } from 'msgpackr/pack';
import type { Codec } from './codec.ts';
import { isSoundMsgpack } from './soundMsgpack.ts';
import { assertStorable } from './storable.ts';

/**
 * One for the process: making a Packr for each call costs two to three times the encoding itself.
 *
 * `copyBuffers`: binary does not share memory with what the store keeps. `structuredClone`: references are not read, by
 * which a hundred bytes can mean a value without end. `useToJSON`: a property of that name is data.
 */
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  copyBuffers: true,
  structuredClone: false,
  useToJSON: false,
});

/**
 * Where small values are copied to be read: a view for each takes longer. msgpackr finds the names of properties again only
 * while it is near the beginning of a buffer; elsewhere objects take a sixth more memory (measured).
 */
const small = new Uint8Array(139);

/** Longest buffer that is kept for the next value. */
const MAX_KEPT_BYTES = 128 * 1024;

/** How much of longer values is read before native code is loaded for them: to load it takes as long as reading four times that. */
const NATIVE_AFTER_BYTES = 1024 * 1024;
let leftToNative = NATIVE_AFTER_BYTES;

/** The whole buffer that the last value lay in: the values of a reply lie in one. msgpackr keeps its view of it with it. */
let whole: Uint8Array = new Uint8Array(0);
const place = { start: 0, end: 0 };

function unpack(bytes: Uint8Array): unknown {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength > small.length) countLong(byteLength);
  if (buffer.byteLength > MAX_KEPT_BYTES || byteLength === 0) return packr.unpack(bytes);
  if (byteLength <= small.length) {
    small.set(bytes);
    return unpackFrom(small, 0, byteLength);
  }
  if (whole.buffer !== buffer) whole = new Uint8Array(buffer);
  return unpackFrom(whole, byteOffset, byteLength);
}

function unpackFrom(source: Uint8Array, start: number, length: number): unknown {
  place.start = start;
  place.end = start + length;
  return packr.unpack(source, place);
}

/** Short values are not read natively. */
function countLong(byteLength: number): void {
  if (leftToNative <= 0) return;
  leftToNative -= byteLength;
  if (leftToNative <= 0) void readTextNatively();
}

/**
 * Loads what reads text natively, if it is there: values of many short texts are then read up to four times faster, others
 * no faster. It takes longer than loading all else of msgpackr, so who reads little does without.
 */
async function readTextNatively(): Promise<void> {
  try {
    await import('msgpackr');
  } catch {
    // It is only a help: the same is read without it.
  }
}

const limits = {
  format: 'msgpack',
  bigints: true,
  dates: true,
  binary: true,
  nonFinite: true,
  undefinedInside: true,
} as const;

/**
 * Plain msgpack, the default: programs in other languages read what is stored.
 *
 * What msgpack would change silently is refused with a `CodecError` at the assignment; `docs/values.md` has the table.
 */
export const msgpackCodec: Codec = {
  name: 'msgpack',
  encode(value) {
    assertStorable(value, limits);
    return packr.pack(value);
  },
  decode(bytes) {
    return unpack(bytes);
  },
  isSound: isSoundMsgpack,
};
