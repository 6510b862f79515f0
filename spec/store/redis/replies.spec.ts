import { describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, UnavailableError } from 'neardict';
import { decodePositionReply, decodeReceipt, decodeTtl, decodeValues } from '../../../lib/store/redis/replies.ts';
import { batch } from '../../../lib/testing/contract/batches.ts';

/** What a client may bring that has lost track: the reply of another command. */
const OF_OTHERS: readonly unknown[] = [
  'PONG',
  1,
  null,
  undefined,
  [],
  [null],
  [null, null, null],
  Buffer.from('value'),
];

describe('the reply of another command', () => {
  it.each(OF_OTHERS)('is none to a read of one value: %j', (reply) => {
    expect(() => decodeValues(reply, 1)).toThrow(UnavailableError);
  });

  it.each(OF_OTHERS)('leaves it open what became of a write: %j', (reply) => {
    expect(() => decodeReceipt(reply, batch({}))).toThrow(AmbiguousWriteError);
  });

  it.each([Buffer.from('value'), 'PONG', 1])('is no position: %j', (reply) => {
    expect(() => decodePositionReply(reply)).toThrow(UnavailableError);
  });
});

describe('a time to live', () => {
  it.each([
    [-2, 0],
    [-1, undefined],
    [0, 0],
    [5, 5],
  ])('that Redis tells as %p is %p', (pttl, ms) => {
    expect(decodeTtl(pttl)).toBe(ms);
  });
});
