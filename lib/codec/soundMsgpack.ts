import { MAX_DEPTH } from './plain.ts';

/** The end of what is not known here, or not whole. */
const NOWHERE = Number.POSITIVE_INFINITY;

/** Lengths of numbers, booleans and `null` with their tag, by tag from 0xc0 on; 0: something else. */
const LENGTHS: readonly number[] = [
  [1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 5, 9, 2, 3, 5, 9],
  [2, 3, 5, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
].flat();

/**
 * Whether the bytes are one whole value, not too deep, of nothing but text, numbers, booleans, `null`, arrays, and maps
 * with text for keys: then nothing can go wrong when it is unpacked.
 *
 * It takes a small part of the time of unpacking, because nothing is made.
 */
export function isSoundMsgpack(bytes: Uint8Array): boolean {
  return endOf(bytes, 0, 0) === bytes.length;
}

/** Where the value at `at` ends. */
function endOf(bytes: Uint8Array, at: number, depth: number): number {
  const tag = bytes[at];
  if (tag === undefined) return NOWHERE;
  if (tag < 0x80) return at + 1;
  if (tag < 0x90) return endOfMap(bytes, at + 1, tag & 0x0f, depth);
  if (tag < 0xa0) return endOfArray(bytes, at + 1, tag & 0x0f, depth);
  if (tag < 0xc0) return at + 1 + (tag & 0x1f);
  if (tag < 0xe0) return endOfTagged(bytes, at, tag, depth);
  return at + 1;
}

function endOfTagged(bytes: Uint8Array, at: number, tag: number, depth: number): number {
  if (tag === 0xdc) return endOfArray(bytes, at + 3, numberAt(bytes, at + 1, 2), depth);
  if (tag === 0xdd) return endOfArray(bytes, at + 5, numberAt(bytes, at + 1, 4), depth);
  if (tag === 0xde) return endOfMap(bytes, at + 3, numberAt(bytes, at + 1, 2), depth);
  if (tag === 0xdf) return endOfMap(bytes, at + 5, numberAt(bytes, at + 1, 4), depth);
  const length = LENGTHS[tag - 0xc0];
  return length ? at + length : endOfLongText(bytes, at, tag);
}

function endOfLongText(bytes: Uint8Array, at: number, tag: number): number {
  if (tag === 0xd9) return at + 2 + numberAt(bytes, at + 1, 1);
  if (tag === 0xda) return at + 3 + numberAt(bytes, at + 1, 2);
  if (tag === 0xdb) return at + 5 + numberAt(bytes, at + 1, 4);
  return NOWHERE;
}

function endOfArray(bytes: Uint8Array, start: number, count: number, depth: number): number {
  if (depth >= MAX_DEPTH) return NOWHERE;
  let at = start;
  for (let index = 0; index < count; index++) {
    if (at >= bytes.length) return NOWHERE;
    at = endOf(bytes, at, depth + 1);
  }
  return at;
}

function endOfMap(bytes: Uint8Array, start: number, count: number, depth: number): number {
  if (depth >= MAX_DEPTH) return NOWHERE;
  let at = start;
  for (let index = 0; index < count; index++) {
    if (!isText(bytes[at])) return NOWHERE;
    at = endOf(bytes, endOf(bytes, at, depth), depth + 1);
  }
  return at;
}

function isText(tag: number | undefined): boolean {
  return tag !== undefined && ((tag >= 0xa0 && tag < 0xc0) || (tag >= 0xd9 && tag <= 0xdb));
}

/** An unsigned number, most significant byte first. */
function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let number = 0;
  for (let index = 0; index < length; index++) number = number * 256 + (bytes[at + index] ?? 0);
  return number;
}
