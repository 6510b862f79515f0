import { Packr } from 'msgpackr';
import type { Codec } from './codec.ts';
import { assertStorable } from './storable.ts';

/** One for the process: making a Packr for each call costs two to three times the encoding itself. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

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
    const value: unknown = packr.unpack(bytes);
    // Out of a Buffer, msgpackr cuts Buffers that share its memory; out of a Uint8Array, what was stored.
    return holdsBinary(value) ? packr.unpack(new Uint8Array(bytes)) : value;
  },
};

function holdsBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value)) return true;
  return Object.values(value).some(holdsBinary);
}
