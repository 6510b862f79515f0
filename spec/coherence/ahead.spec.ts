import { beforeEach, describe, expect, it } from '@jest/globals';
import { Ahead } from '../../lib/coherence/ahead.ts';
import type { Position } from '../../lib/store/position.ts';

const CAPACITY = 16_384;

function at(seq: number, nonce: number = seq): Position {
  return { seq, nonce };
}

describe('the list of what the feed has not reached', () => {
  let ahead: Ahead;

  beforeEach(() => {
    ahead = new Ahead();
  });

  /** What reaching a position tells. */
  function reach(position: Position): unknown {
    const reached = ahead.reach(position);
    return reached && { ...reached, keys: [...reached.keys] };
  }

  it('tells once which keys a position confirms', () => {
    ahead.add('ada', at(11), 0);
    ahead.add('bob', at(11), 0);
    ahead.add('cy', at(12), 0);

    expect(reach(at(11))).toEqual({ keys: ['ada', 'bob'], confirmed: true });
    expect(reach(at(11))).toBeUndefined();
    expect([ahead.seqOf('ada'), ahead.seqOf('cy')]).toEqual([undefined, 12]);
  });

  it('tells what a position with another nonce shows to be lost', () => {
    ahead.add('ada', at(11), 0);

    expect(reach(at(11, 99))).toEqual({ keys: ['ada'], confirmed: false });
  });

  it('takes nothing of another history that claims a number, until nothing claims it any more', () => {
    ahead.add('ada', at(11), 0);
    expect(ahead.add('bob', at(11, 99), 0)).toBe(false);
    expect(ahead.seqOf('bob')).toBeUndefined();

    ahead.add('ada', at(12), 0);
    expect(ahead.add('bob', at(11, 99), 0)).toBe(true);
  });

  it('holds a key at its last position alone', () => {
    ahead.add('ada', at(11), 0);
    ahead.add('bob', at(11), 0);
    ahead.add('ada', at(12), 0);

    expect(reach(at(11))).toEqual({ keys: ['bob'], confirmed: true });
    expect(ahead.seqOf('ada')).toBe(12);
  });

  it('loses what is above a position and was there before the time', () => {
    ahead.add('reached', at(10), 0);
    ahead.add('lost', at(11), 99);
    ahead.add('later', at(12), 100);

    expect(ahead.lostAbove(at(10), 100)).toEqual(['lost']);
    expect(ahead.seqOf('lost')).toBeUndefined();
    expect(ahead.clear()).toEqual(['reached', 'later']);
    expect([reach(at(10)), ahead.seqOf('later')]).toEqual([undefined, undefined]);
  });

  it('has an end: then it takes only keys that it has', () => {
    for (let count = 1; count <= CAPACITY; count++) ahead.add(`key ${count}`, at(11), 0);

    expect(ahead.add('ada', at(12), 0)).toBe(false);
    expect(ahead.add('key 1', at(12), 0)).toBe(true);
    reach(at(12));
    expect(ahead.add('ada', at(12), 0)).toBe(true);
  });
});
