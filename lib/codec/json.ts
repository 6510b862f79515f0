import type { Codec } from './codec.ts';
import { assertStorable } from './storable.ts';

const limits = {
  format: 'JSON',
  bigints: false,
  dates: false,
  binary: false,
  nonFinite: false,
  undefinedInside: false,
} as const;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** JSON as UTF-8. It refuses what JSON can't hold: dates, bigints, binary, `NaN`, the infinities, `undefined` inside. */
export const jsonCodec: Codec = {
  name: 'json',
  encode(value) {
    assertStorable(value, limits);
    return Buffer.from(JSON.stringify(value));
  },
  decode(bytes) {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  },
};
