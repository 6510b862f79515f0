import type { Batch, LoggedCall } from '../store.ts';
import { ByteWriter } from './byteWriter.ts';
import { decodePosition } from './envelope.ts';

/**
 * The change log of a partition: a list with one item per call, newest first. An item holds the position that the call
 * made (12 bytes), a kind, and per changed key its length (2) and the key.
 */
const POSITION_BYTES = 12;

const KEYS = 0;
const ANY_KEY = 1;

/** What stands in an item between the position and the keys. */
export const LOGGED_KEYS: Buffer = Buffer.of(KEYS);

/** Calls that the log holds at least. */
export const LOG_CALLS = 256;
/** Calls between two trims: trimming on every call costs three times as much (measured). */
export const TRIM_INTERVAL = 64;
/** Most keys of one call, and most bytes of them, that are worth remembering one by one. */
const MAX_KEYS = 64;
const MAX_BYTES = 4096;

/** Encodes what stands behind the position, which the script fills in. */
export function encodeLogged({ clear, deletes, sets }: Batch): Buffer {
  if (clear || deletes.length + sets.length > MAX_KEYS) return Buffer.of(ANY_KEY);
  const bytes = new ByteWriter(MAX_BYTES);
  bytes.uint8(KEYS);
  for (const key of deletes) bytes.text16(key);
  for (const [key] of sets) bytes.text16(key);
  return bytes.length > MAX_BYTES ? Buffer.of(ANY_KEY) : bytes.written;
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
