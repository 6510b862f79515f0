import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CodecError } from 'neardict';
import type { Codec } from '../../lib/codec/codec.ts';
import { jsonCodec } from '../../lib/codec/json.ts';
import { msgpackCodec } from '../../lib/codec/msgpack.ts';
import { Values } from '../../lib/codec/values.ts';
import { seededRandom } from '../support/seededRandom.ts';

const TABLE = join(import.meta.dirname, '../../docs/values.md');

function valuesOf(codec: Codec, mode: 'frozen' | 'clone' = 'frozen'): Values {
  return new Values(codec, mode, 1024 * 1024);
}

/** What comes back of a value. It throws what writing or reading throws. */
function roundTrip(values: Values, value: unknown): unknown {
  return values.decode('key', values.encode(value)).value;
}

interface Row {
  readonly source: string;
  readonly msgpack: string;
  readonly json: string;
}

/** The rows of the table in the documentation: a JavaScript expression, and what each codec does with it. */
async function documentedRows(): Promise<Row[]> {
  const text = await readFile(TABLE, 'utf8');
  return [...text.matchAll(/^\| `(.+?)` \| ((?:kept|refused: .+?)) \| ((?:kept|refused: .+?)) \|$/gm)].map(
    ([, source = '', msgpack = '', json = '']) => ({ source, msgpack, json }),
  );
}

function evaluate(source: string): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- the expressions are ours
  return (new Function(`return (${source});`) as () => unknown)();
}

/** What the codec does with the value, in the words of the table. */
function outcome(codec: Codec, value: unknown, expected: string): string {
  try {
    expect(roundTrip(valuesOf(codec), value)).toStrictEqual(value);
    return 'kept';
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    const says = expected.replace(/^refused: /, '');
    return error.message.includes(says) ? expected : `refused: ${error.message}`;
  }
}

describe('docs/values.md', () => {
  let rows: Row[];
  beforeAll(async () => {
    rows = await documentedRows();
  });

  it('says of each kind of value what happens to it', () => {
    const found = rows.map(({ source, msgpack, json }) => ({
      source,
      msgpack: outcome(msgpackCodec, evaluate(source), msgpack),
      json: outcome(jsonCodec, evaluate(source), json),
    }));

    expect(found).toEqual(rows);
  });

  it('has every line of its table in a form that is checked', async () => {
    const lines = (await readFile(TABLE, 'utf8')).match(/^\| `.*$/gm);

    expect(rows).toHaveLength(lines?.length ?? 0);
    expect(rows.length).toBeGreaterThan(40);
  });
});

class Point {
  readonly x = 1;
}

/** Anything that JavaScript can hold, with more of what codecs get wrong. */
const anything = fc.anything({
  key: fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', 'toJSON', 'then', 'valueOf', 'length', '0', '-0', ''),
  ),
  values: [
    fc.integer(),
    fc.double(),
    fc.constantFrom(
      -0,
      0,
      Number.NaN,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      -(2 ** 31),
      -(2 ** 31) - 1,
      127,
      128,
      255,
      256,
      65_536,
    ),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.string({ minLength: 28, maxLength: 70 }),
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(() => {}, Symbol('s'), /x/, new Error('no'), new Point()),
  ],
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 5,
});

/** Equal, types and leaves included, except that an object without a prototype may come back with one. */
function isSame(found: unknown, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(found, value);
  if (value instanceof Date || ArrayBuffer.isView(value)) return isDeepStrictEqual(found, value);
  if (typeof found !== 'object' || found === null || Array.isArray(found) !== Array.isArray(value)) return false;
  const names = Reflect.ownKeys(value);
  return (
    Reflect.ownKeys(found).length === names.length &&
    names.every((name) => Object.hasOwn(found, name) && isSame(Reflect.get(found, name), Reflect.get(value, name)))
  );
}

describe.each([
  { name: 'msgpack', codec: msgpackCodec },
  { name: 'json', codec: jsonCodec },
])('the codec $name', ({ codec }) => {
  it('brings back any value as it was, or refuses it with a CodecError', () => {
    const values = valuesOf(codec);
    let kept = 0;

    fc.assert(
      fc.property(anything, (value) => {
        let bytes: Uint8Array;
        try {
          bytes = values.encode(value);
        } catch (error) {
          return error instanceof CodecError;
        }
        kept++;
        return isSame(values.decode('key', bytes).value, value);
      }),
      { numRuns: 8000 },
    );

    expect(kept).toBeGreaterThan(1000);
  });

  it('keeps all of JSON', () => {
    const values = valuesOf(codec);

    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        fc.pre(!hasOddities(value));
        return isSame(roundTrip(values, value), value);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads any bytes, or refuses them with a CodecError, and is none the worse for it', () => {
    const values = valuesOf(codec);
    const sane = { list: [64, 100, 127, 'text'], nested: { a: 1, text: 'x'.repeat(200) } };
    const bytes = values.encode(sane);
    const random = seededRandom(1);
    const surprises: unknown[] = [];

    for (let round = 0; round < 25_000; round++) {
      const garbage = round % 2 === 0 ? randomBytes(random) : damaged(bytes, random);
      try {
        values.decode('key', garbage);
      } catch (error) {
        if (!(error instanceof CodecError)) surprises.push(error);
      }
      if (round % 10 === 0 && !isSame(values.decode('key', bytes).value, sane)) surprises.push(garbage);
    }

    expect(surprises).toEqual([]);
  });

  it('keeps plain data of another realm', () => {
    const foreign: unknown = runInContext('({ list: [1, { deep: null }], text: "x" })', createContext());

    expect(roundTrip(valuesOf(codec), foreign)).toStrictEqual({ list: [1, { deep: null }], text: 'x' });
  });

  it('leaves the bytes as they are, and its results independent of them', () => {
    const values = valuesOf(codec, 'clone');
    const bytes = Buffer.from(values.encode({ text: 'a'.repeat(200), list: [1] }));
    const before = Buffer.from(bytes);

    const { value } = values.decode('key', bytes);
    const after = Buffer.from(bytes);
    bytes.fill(0);

    expect(after).toEqual(before);
    expect(value).toEqual({ text: 'a'.repeat(200), list: [1] });
  });
});

function hasOddities(value: unknown): boolean {
  return Object.is(value, -0) || (typeof value === 'object' && value !== null && hasOddMembers(value));
}

function hasOddMembers(value: object): boolean {
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasOddities);
}

function randomBytes(random: () => number): Uint8Array {
  return Uint8Array.from({ length: Math.floor(random() ** 3 * 400) }, () => Math.floor(random() * 256));
}

/** A copy with a few bytes changed, and perhaps cut off. */
function damaged(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = new Uint8Array(bytes.subarray(0, random() < 0.5 ? bytes.length : Math.ceil(random() * bytes.length)));
  for (let changes = Math.ceil(random() * 4); changes > 0; changes--) {
    copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  }
  return copy;
}

describe('stored bytes', () => {
  it.each([
    { value: 5, hex: '05' },
    { value: 127, hex: '7f' },
    { value: 128, hex: 'cc80' },
    { value: -1, hex: 'ff' },
    { value: 2 ** 32, hex: 'cb41f0000000000000' },
    { value: 1.5, hex: 'cb3ff8000000000000' },
    { value: 5n, hex: 'd30000000000000005' },
    { value: null, hex: 'c0' },
    { value: true, hex: 'c3' },
    { value: 'hello', hex: 'a568656c6c6f' },
    { value: [1, 'a'], hex: '9201a161' },
    { value: { a: 1 }, hex: '81a16101' },
    { value: {}, hex: '80' },
    { value: Uint8Array.of(1, 2), hex: 'c4020102' },
    { value: new Date(1000), hex: 'd6ff00000001' },
  ])('are the plain msgpack that any language reads: $value', ({ value, hex }) => {
    expect(Buffer.from(msgpackCodec.encode(value)).toString('hex')).toBe(hex);
    expect(valuesOf(msgpackCodec).decode('key', Buffer.from(hex, 'hex')).value).toStrictEqual(value);
  });

  it('are JSON text with the codec json', () => {
    expect(Buffer.from(jsonCodec.encode({ a: [1, 'ü'] })).toString()).toBe('{"a":[1,"ü"]}');
  });

  it('of other encoders are read too: maps of 16 bits, wide integers, float32, keys that are no strings', () => {
    const values = valuesOf(msgpackCodec);
    const decode = (hex: string): unknown => values.decode('key', Buffer.from(hex, 'hex')).value;

    expect(decode('de0001a16101')).toEqual({ a: 1 });
    expect(decode('cf0000000000000005')).toBe(5n);
    expect(decode('ca3fc00000')).toBe(1.5);
    expect(decode('8105a161')).toEqual({ 5: 'a' });
    expect(decode('dd0000000101')).toEqual([1]);
    expect(decode('d7ff0000000000000001')).toEqual(new Date(1000));
  });
});

describe('values that lie in one buffer', () => {
  /** Each behind the other, as the parser of a client cuts them out of a reply. */
  function sideBySide(...stored: readonly Uint8Array[]): Uint8Array[] {
    const buffer = Buffer.from(Buffer.concat(stored));
    let end = 0;
    return stored.map(({ length }) => buffer.subarray(end, (end += length)));
  }

  it('are read each by itself', () => {
    const values = valuesOf(msgpackCodec);
    const given = ['one', { two: ['ä'.repeat(40), 2] }, Uint8Array.of(3), 'f'.repeat(200), null, 5.5];

    const read = sideBySide(...given.map((value) => values.encode(value))).map(
      (bytes) => values.decode('key', bytes).value,
    );

    expect(read).toStrictEqual(given);
  });

  it('are read after one that is larger than what is kept of a reply, and after another reply', () => {
    const values = valuesOf(msgpackCodec);
    const long = 'x'.repeat(300_000);
    const [first, second, third] = sideBySide(values.encode(long), values.encode(2), values.encode('three'));
    const [other] = sideBySide(values.encode('other'));

    const read = [second, first, other, third].map((bytes) => values.decode('key', bytes ?? Buffer.of()).value);

    expect(read).toEqual([2, long, 'other', 'three']);
  });

  it.each([
    { what: 'text', cut: 3 },
    { what: { a: [1, 2, 3] }, cut: 2 },
    { what: Uint8Array.of(1, 2, 3), cut: 2 },
    { what: 2 ** 40 + 0.5, cut: 4 },
    { what: 'long '.repeat(50), cut: 10 },
    { what: 'none of it', cut: 0 },
  ])('do not lend each other bytes: $what cut short can not be read', ({ what, cut }) => {
    const values = valuesOf(msgpackCodec);
    const [, short] = sideBySide(values.encode('before'), values.encode(what).subarray(0, cut), Buffer.alloc(300, 1));

    expect(() => values.decode('key', short ?? Buffer.of(1))).toThrow(CodecError);
  });
});

describe('a decoded value', () => {
  it('does not share memory with the bytes it came from, binary included', () => {
    const values = valuesOf(msgpackCodec);
    const bytes = Buffer.from(values.encode({ inside: [Uint8Array.of(1, 2, 3)] }));

    const { value } = values.decode('key', bytes);
    bytes.fill(0);

    const [binary] = (value as { inside: Uint8Array[] }).inside;
    expect(binary).toStrictEqual(Uint8Array.of(1, 2, 3));
    expect(binary?.constructor).toBe(Uint8Array);
    expect(binary?.buffer.byteLength).toBe(3);
  });

  it('is not changed by what was decoded before: records of a msgpack dialect stay in their value', () => {
    const values = valuesOf(msgpackCodec);

    const record = values.decode('key', Buffer.from('d4724091a16105', 'hex')).value;

    expect(record).toEqual({ a: 5 });
    expect(values.decode('key', Buffer.from([0x40])).value).toBe(64);
  });

  it.each([
    { mode: 'frozen', value: { a: [1] }, shareable: true },
    { mode: 'frozen', value: 'text', shareable: true },
    { mode: 'frozen', value: null, shareable: true },
    { mode: 'frozen', value: { when: new Date(0) }, shareable: false },
    { mode: 'frozen', value: [Uint8Array.of(1)], shareable: false },
    { mode: 'clone', value: { a: [1] }, shareable: false },
    { mode: 'clone', value: 'text', shareable: true },
  ] as const)('can be shared by readers if nobody can change it: $mode $value', ({ mode, value, shareable }) => {
    const values = valuesOf(msgpackCodec, mode);

    const decoded = values.decode('key', values.encode(value));

    expect(decoded).toEqual({ value, shareable });
    if (typeof value === 'object' && value !== null) expect(Object.isFrozen(decoded.value)).toBe(mode === 'frozen');
  });

  it('of another realm is frozen and shared like any other', () => {
    const make = runInContext('() => ({ list: [{ a: 1 }] })', createContext()) as () => { list: { a: number }[] };
    const values = valuesOf({ encode: () => new Uint8Array(1), decode: make });

    const { value, shareable } = values.decode('key', values.encode(1));

    expect(shareable).toBe(true);
    expect(Object.isFrozen((value as ReturnType<typeof make>).list[0])).toBe(true);
  });

  it('that is a promise is refused, not frozen', () => {
    const promise = Promise.resolve(1);
    const values = valuesOf({ encode: () => new Uint8Array(1), decode: () => promise });

    expect(() => values.decode('key', new Uint8Array(1))).toThrow(CodecError);
    expect(Object.isFrozen(promise)).toBe(false);
  });

  it('takes no time without end: references that multiply are refused', () => {
    const values = valuesOf(msgpackCodec);
    // Each level holds the one before twice, by a reference of a msgpack dialect: 2 ** 40 leaves.
    const levels = Array.from({ length: 40 }, (_, id) => `d669${(id + 1).toString(16).padStart(8, '0')}92`);
    const ends = Array.from({ length: 39 }, (_, id) => `d670${(40 - id).toString(16).padStart(8, '0')}`);
    const bytes = Buffer.from([...levels, '0101', ...ends].join(''), 'hex');

    expect(() => values.decode('key', bytes)).toThrow(CodecError);
  });
});
