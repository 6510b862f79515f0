import { expect, it } from '@jest/globals';
import { unpackStrings } from '../../../lib/store/redis/packedStrings.ts';

const unpacked = (...bytes: readonly (number | Buffer)[]): (string | undefined)[] =>
  unpackStrings(Buffer.concat(bytes.map((part) => (typeof part === 'number' ? Buffer.of(part) : part)))).map((item) =>
    item?.toString(),
  );
/** The bytes of a string of this length behind its mark and its length. */
const text = (length: number): Buffer => Buffer.alloc(length, 'x');

it.each([
  ['of up to 15', [0x93]],
  ['of up to 65,535', [0xdc, 0, 3]],
  ['of more', [0xdd, 0, 0, 0, 3]],
])('an array %s strings is unpacked', (_name, head) => {
  expect(unpacked(...head, 0xa1, text(1), 0xc2, 0xa0)).toEqual(['x', undefined, '']);
});

it.each([
  [31, [0xbf]],
  [32, [0xd9, 32]],
  [255, [0xd9, 255]],
  [256, [0xda, 1, 0]],
  [65_535, [0xda, 255, 255]],
  [65_536, [0xdb, 0, 1, 0, 0]],
])('a string of %d bytes is unpacked, and the one behind it', (length, head) => {
  expect(unpacked(0x92, ...head, text(length), 0xa2, Buffer.from('ab'))).toEqual(['x'.repeat(length), 'ab']);
});

it('of nothing there are no strings', () => {
  expect([unpacked(), unpacked(0x90)]).toEqual([[], []]);
});
