import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Batch } from 'neardict';
import { decodeLogged, encodeLogged } from '../../../lib/store/redis/changeLog.ts';
import { encodeNumber } from '../../../lib/store/redis/envelope.ts';
import { batch, bytes } from '../../../lib/testing/contract/batches.ts';

/** An item as the script makes it. */
function item(parts: Partial<Batch>): Buffer {
  return Buffer.concat([encodeNumber(7), encodeNumber(42), encodeLogged(batch(parts))]);
}

function setsOf(count: number, key: (index: number) => string): Pick<Batch, 'sets'> {
  return { sets: Array.from({ length: count }, (_, index) => [key(index), bytes('1')]) };
}

describe('an item of the change log', () => {
  it('holds the position and the keys of a batch', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 20 }), (keys) => {
        const deletes = keys.slice(0, keys.length / 2);
        const sets = keys.slice(deletes.length).map((key) => [key, bytes('1')] as const);

        expect(decodeLogged(item({ deletes, sets }))).toEqual({ position: { seq: 7, nonce: 42 }, keys });
      }),
    );
  });

  it('names no keys for a clear, for more than 64 keys, and for keys of more than 4 kB', () => {
    const any = { position: { seq: 7, nonce: 42 }, keys: undefined };

    expect(decodeLogged(item({ deletes: ['a'], clear: true }))).toEqual(any);
    expect(decodeLogged(item(setsOf(65, String)))).toEqual(any);
    expect(decodeLogged(item(setsOf(5, (index) => `${index}`.repeat(1000))))).toEqual(any);
    expect(decodeLogged(item(setsOf(64, String)))?.keys).toHaveLength(64);
  });

  it('is nothing when something else wrote it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
        const call = decodeLogged(Buffer.from(garbage));
        expect(call === undefined || call.keys === undefined || Array.isArray(call.keys)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    expect(decodeLogged(item({ deletes: ['abc'] }).subarray(0, -1))).toBeUndefined();
  });
});
