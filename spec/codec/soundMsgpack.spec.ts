import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { msgpackCodec } from '../../lib/codec/msgpack.ts';
import { isSoundMsgpack } from '../../lib/codec/soundMsgpack.ts';
import { Values } from '../../lib/codec/values.ts';

const values = new Values(msgpackCodec, 'frozen', 2 ** 20);

const json = fc.oneof(
  fc
    .json({ maxDepth: 4 })
    .filter((text) => !text.includes('__proto__'))
    .map((text) => JSON.parse(text) as unknown),
  fc.double().filter((value) => !Object.is(value, -0)),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ minLength: 30, maxLength: 300, unit: 'grapheme' }),
);

/** Sixty thousand and more of a thing: its length takes four bytes. */
const MANY = 70_000;

function nested(levels: number): unknown {
  return levels === 0 ? 1 : levels % 2 === 0 ? [nested(levels - 1)] : { a: nested(levels - 1) };
}

function read(bytes: Uint8Array): boolean {
  try {
    values.decodeGuarded('key', bytes);
    return true;
  } catch {
    return false;
  }
}

describe('bytes of msgpack', () => {
  it('are sound if they hold plain data', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(isSoundMsgpack(values.encode(value))).toBe(true);
      }),
    );
  });

  it.each([
    ['a long text', 'x'.repeat(MANY)],
    ['a long array', Array.from({ length: MANY }, () => 1)],
    ['an object with many keys', Object.fromEntries(Array.from({ length: MANY }, (_, index) => [`k${index}`, 1]))],
    ['as many levels as there may be', nested(100)],
  ])('are sound if they hold %s', (_what, value) => {
    const bytes = msgpackCodec.encode(value);

    expect(isSoundMsgpack(bytes)).toBe(true);
    expect(read(bytes)).toBe(true);
  });

  it('can be read if they are sound, whatever they are', () => {
    const damaged = fc
      .tuple(json, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.integer({ min: -2, max: 2 }))
      .map(([value, edits, longer]) => {
        const whole = values.encode(value);
        const bytes = new Uint8Array(Math.max(0, whole.length + longer));
        bytes.set(whole.subarray(0, bytes.length));
        for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        fc.pre(isSoundMsgpack(bytes));
        expect(read(bytes)).toBe(true);
      }),
      { numRuns: 1000, maxSkipsPerRun: 1000 },
    );
  });

  it.each([
    ['nothing', []],
    ['a value and more', [1, 1]],
    ['half a text', [0xa2, 0x61]],
    ['half a number', [0xcd, 1]],
    ['an array of which the end is missing', [0x92, 1]],
    ['an array that is longer than the bytes', [0xdd, 255, 255, 255, 255, 1]],
    ['an object that is longer than the bytes', [0xdf, 255, 255, 255, 255, 0xa1, 0x61, 1]],
    ['a key that is a number', [0x81, 1, 1]],
    ['a tag that means nothing', [0xc1]],
    ['a date', [...values.encode(new Date(0))]],
    ['binary', [...values.encode(new Uint8Array(3))]],
  ])('are not said to be sound if they hold %s', (_what, bytes) => {
    expect(isSoundMsgpack(Uint8Array.from(bytes))).toBe(false);
  });

  it.each([
    ['arrays', [0x91]],
    ['objects', [0x81, 0xa1, 0x61]],
  ])('are not said to be sound if they have too many levels of %s', (_what, level) => {
    const bytes = Uint8Array.from([...Array.from({ length: 101 }, () => level).flat(), 1]);

    expect(read(bytes)).toBe(false);
    expect(isSoundMsgpack(bytes)).toBe(false);
  });
});
