import { describe, expect, it } from '@jest/globals';
import { keysChanged } from '../../lib/coherence/changeLog.ts';
import type { Position } from '../../lib/store/position.ts';
import type { LoggedCall } from '../../lib/store/store.ts';

function at(seq: number, nonce: number = seq): Position {
  return { seq, nonce };
}

/** Calls 14 down to 10, each with a key of its own. */
const log: readonly LoggedCall[] = [14, 13, 12, 11, 10].map((seq) => ({ position: at(seq), keys: [`key ${seq}`] }));

function without(seq: number): LoggedCall[] {
  return log.filter(({ position }) => position.seq !== seq);
}

describe('the change log', () => {
  it('tells the keys of the calls behind one position, up to another', () => {
    expect([...(keysChanged(log, at(10), at(13)) ?? [])]).toEqual(['key 13', 'key 12', 'key 11']);
  });

  it('tells nothing beyond its oldest call', () => {
    expect(keysChanged(log, at(9), at(13))).toBeUndefined();
  });

  it('tells nothing of a position that it does not hold', () => {
    expect(keysChanged(log, at(10), at(15))).toBeUndefined();
    expect(keysChanged([], at(10), at(11))).toBeUndefined();
  });

  it('tells nothing where a number is missing: a script failed in the middle', () => {
    expect(keysChanged(without(12), at(10), at(14))).toBeUndefined();
    expect(keysChanged([...without(12), { position: at(9), keys: [] }], at(10), at(14))).toBeUndefined();
  });

  it('tells nothing of another history, be it at its start or at its end', () => {
    expect(keysChanged(log, at(10, 99), at(13))).toBeUndefined();
    expect(keysChanged(log, at(10), at(13, 99))).toBeUndefined();
  });

  it('tells nothing where any key may have changed', () => {
    const any = log.map((call) => (call.position.seq === 12 ? { ...call, keys: undefined } : call));

    expect(keysChanged(any, at(10), at(13))).toBeUndefined();
    expect(keysChanged(any, at(12), at(13))?.size).toBe(1);
  });
});
