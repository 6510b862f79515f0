import type { Codec } from 'neardict';

/** Stores bytes as they are, under the name of another codec. */
export function rawCodec(name: string): Codec {
  return { name, encode: (value) => value as Uint8Array, decode: (bytes) => bytes.slice() };
}
