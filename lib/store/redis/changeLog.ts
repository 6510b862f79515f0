import type { Batch, LoggedCall } from '../store.ts';
import { decodePosition } from './envelope.ts';

/**
 * The change log of a partition: a list with one item per call, newest first. An item holds the position that the call
 * made (12 bytes), a kind, and per changed key its length (2) and the key.
 */
const POSITION_BYTES = 12;

const KEYS = 0;
const ANY_KEY = 1;

/** Calls that the log holds at least. */
export const LOG_CALLS = 256;
/** Calls between two trims: trimming on every call costs three times as much (measured). */
export const TRIM_INTERVAL = 64;
/** Most keys of one call, and most bytes of them, that are worth remembering one by one. */
const MAX_KEYS = 64;
const MAX_BYTES = 4096;

/** Encodes what stands behind the position, which the script fills in. */
export function encodeLogged({ clear, deletes, sets }: Batch): Buffer {
  const anyKey = Buffer.of(ANY_KEY);
  if (clear || deletes.length + sets.length > MAX_KEYS) return anyKey;
  const parts = [Buffer.of(KEYS), ...deletes.map(encodeKey), ...sets.map(([key]) => encodeKey(key))];
  const encoded = Buffer.concat(parts);
  return encoded.length > MAX_BYTES ? anyKey : encoded;
}

function encodeKey(key: string): Buffer {
  const length = Buffer.byteLength(key);
  const part = Buffer.allocUnsafe(2 + length);
  part.writeUInt16BE(length);
  part.write(key, 2);
  return part;
}

/** Decodes an item. One that something else wrote is `undefined`, and with it what the log could tell. */
export function decodeLogged(item: Buffer): LoggedCall | undefined {
  if (item.length <= POSITION_BYTES) return undefined;
  const position = decodePosition(item);
  switch (item.readUInt8(POSITION_BYTES)) {
    case ANY_KEY:
      return { position, keys: undefined };
    case KEYS: {
      const keys = decodeKeys(item, POSITION_BYTES + 1);
      return keys && { position, keys };
    }
    default:
      return undefined;
  }
}

function decodeKeys(item: Buffer, start: number): string[] | undefined {
  const keys: string[] = [];
  for (let at = start; at < item.length;) {
    const end = at + 2 <= item.length ? at + 2 + item.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > item.length) return undefined;
    keys.push(item.toString('utf8', at + 2, end));
    at = end;
  }
  return keys;
}
