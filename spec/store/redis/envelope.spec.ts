import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Batch, Position } from 'neardict';
import {
  decodeEnvelope,
  decodePosition,
  encodeEnvelopeTail,
  encodeNumber,
  ENVELOPE_HEAD,
  isEnvelope,
} from '../../../lib/store/redis/envelope.ts';
import { versionOf } from '../../../lib/store/version.ts';
import { batch, bytes } from '../../../lib/testing/contract/batches.ts';
import { plainMessage } from '../../support/plainMessage.ts';

const ORIGIN_ID = 0x0102_0304_0506;
const previous: Position = { seq: 1, nonce: 0x1111_1111_1111 };
const position: Position = { seq: 2, nonce: 0x2222_2222_2222 };

function positionBytes({ seq, nonce }: Position): Buffer {
  return Buffer.concat([encodeNumber(seq), encodeNumber(nonce)]);
}

/** What the script publishes: it puts the two positions between what it was given. */
function encode(
  parts: Partial<Batch>,
  {
    from = previous,
    to = position,
    origin = ORIGIN_ID,
    inlineBytes = 256,
  }: { from?: Position; to?: Position; origin?: number; inlineBytes?: number } = {},
): Buffer {
  return Buffer.concat([
    ENVELOPE_HEAD,
    positionBytes(from),
    positionBytes(to),
    encodeEnvelopeTail(batch(parts), origin, inlineBytes),
  ]);
}

describe('an envelope', () => {
  it('has this layout', () => {
    const long = new Uint8Array(300).fill(0x61);

    const encoded = encode({
      deletes: ['x'],
      sets: [
        ['é', bytes('hi')],
        ['b', long],
      ],
    });

    expect(encoded.toString('hex')).toBe(
      [
        'c1 01', // first byte, format
        '000000000001 111111111111', // previous position: sequence number, nonce
        '000000000002 222222222222', // position
        '010203040506', // origin
        '00', // flags: 1 is clear
        '00 0001 78', // 0, a deleted key: length, key
        '01 0002 c3a9 0002 6869', // 1, a value that travels: key, length of the value, value
        '02 0001 62 003ef1ba9ea9f2f4dab3a2004e505ca8a4e7e5a3', // 2, another value: key, SHA-1 of the value
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('of a clear has this layout', () => {
    expect(encode({ deletes: ['x', 'y'], clear: true }).toString('hex')).toBe(
      'c10100000000000111111111111100000000000222222222222201020304050601',
    );
  });

  it('decodes to what was encoded', () => {
    const bits48 = fc.maxSafeNat().map((number) => number % 2 ** 48);
    const places = fc.record({ seq: bits48, nonce: bits48 });
    const keys = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }).filter((key) => key.isWellFormed());
    const sets = fc.uniqueArray(fc.tuple(keys, fc.uint8Array({ maxLength: 600 })), { selector: ([key]) => key });
    const inline = fc.constantFrom(0, 1, 256, 16_384);

    fc.assert(
      fc.property(
        places,
        places,
        bits48,
        fc.uniqueArray(keys),
        sets,
        inline,
        (from, to, origin, deletes, written, inlineBytes) => {
          const message = decodeEnvelope(encode({ deletes, sets: written }, { from, to, origin, inlineBytes }));

          const isSet = new Set(written.map(([key]) => key));
          expect(plainMessage(message)).toEqual({
            previous: from,
            position: to,
            origin,
            clear: false,
            changes: [
              ...deletes.filter((key) => !isSet.has(key)).map((key) => ({ type: 'delete', key })),
              ...written.map(([key, value]) =>
                value.length <= inlineBytes
                  ? { type: 'set', key, bytes: Buffer.from(value) }
                  : { type: 'set', key, bytes: undefined, version: versionOf(value) },
              ),
            ],
          });
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('carries sequence numbers and nonces up to 2 ** 48 - 1', () => {
    const last = { seq: 2 ** 48 - 1, nonce: 2 ** 48 - 1 };

    const message = decodeEnvelope(encode({}, { from: { ...last, seq: last.seq - 1 }, to: last, origin: last.nonce }));

    expect(message).toMatchObject({ position: last, previous: { seq: last.seq - 1 }, origin: last.nonce });
    expect(decodePosition(positionBytes(last))).toEqual(last);
  });

  it('carries at most 128 kB of values, and the versions of the others', () => {
    const value = new Uint8Array(16_384);
    const sets = Array.from({ length: 10 }, (_, index) => [`key ${index}`, value] as const);

    const encoded = encode({ sets: [...sets, ['small', bytes('x')]] }, { inlineBytes: 16_384 });
    const changes = decodeEnvelope(encoded)?.changes ?? [];

    expect(encoded.length).toBeLessThan(129 * 1024);
    expect(changes).toHaveLength(11);
    const travelled = changes.filter((change) => change.type === 'set' && change.bytes !== undefined);
    expect(travelled.map(({ key }) => key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((index) => `key ${index}`));
  });

  it('takes a value of any size where all may travel', () => {
    for (const size of [65_534, 65_535, 65_536, 65_537]) {
      const encoded = encode({ sets: [['a', new Uint8Array(size)]] }, { inlineBytes: Number.MAX_SAFE_INTEGER });

      expect(decodeEnvelope(encoded)?.changes).toHaveLength(1);
    }
  });

  it('that is cut anywhere but between two changes is no message', () => {
    const encoded = encode({ deletes: ['x', 'y'], sets: [['a', bytes('value')]] });
    const head = 33;
    const ends = new Set([head, head + 4, head + 8, encoded.length]);

    for (let length = 0; length <= encoded.length; length++) {
      expect([length, decodeEnvelope(encoded.subarray(0, length)) !== undefined]).toEqual([length, ends.has(length)]);
    }
  });

  it('of another format is no message', () => {
    const encoded = encode({});
    for (const format of [0, 2, 255]) {
      encoded[1] = format;
      expect(isEnvelope(encoded)).toBe(true);
      expect(decodeEnvelope(encoded)).toBeUndefined();
    }
  });
});

describe('any bytes', () => {
  const head = encode({});

  function decodesSafely(data: Uint8Array): void {
    const message = decodeEnvelope(Buffer.from(data));
    if (message === undefined) return;
    for (const { key } of message.changes) if (typeof key !== 'string') throw new Error('a key that is no text');
  }

  it('decode to a message or to nothing, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        decodesSafely(data);
        decodesSafely(Buffer.concat([head, data]));
      }),
      { numRuns: 100_000 },
    );
  });

  it('that were an envelope before something changed a few of them never throw', () => {
    const original = encode({
      deletes: ['x'],
      sets: [
        ['a', bytes('value')],
        ['b', new Uint8Array(300)],
      ],
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { maxLength: 5 }), (damage) => {
        const damaged = Buffer.from(original);
        for (const [at, value] of damage) damaged[at] = value;
        decodesSafely(damaged);
      }),
      { numRuns: 20_000 },
    );
  });

  it('that are a bare key are never taken for an envelope', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => !isEnvelope(Buffer.from(key))),
      { numRuns: 20_000 },
    );
    for (let code = 0; code < 0x11_0000; code += 17)
      expect(isEnvelope(Buffer.from(String.fromCodePoint(code)))).toBe(false);
    expect(isEnvelope(Buffer.alloc(0))).toBe(false);
  });
});
