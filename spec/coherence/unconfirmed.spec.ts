import { beforeEach, describe, expect, it } from '@jest/globals';
import { Unconfirmed } from '../../lib/coherence/unconfirmed.ts';
import type { Position } from '../../lib/store/position.ts';

function at(seq: number, nonce: number = seq): Position {
  return { seq, nonce };
}

describe('positions that the feed has not reached', () => {
  let unconfirmed: Unconfirmed;

  beforeEach(() => {
    unconfirmed = new Unconfirmed();
  });

  it('are not taken of another history that claims their number', () => {
    expect([at(11), at(11), at(11, 99), at(12)].map((position) => unconfirmed.add(position, 0))).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('are confirmed or refuted when it does, once', () => {
    unconfirmed.add(at(11), 0);
    unconfirmed.add(at(12), 0);

    expect([at(11), at(12, 99), at(12, 99)].map((position) => unconfirmed.reach(position))).toEqual([
      true,
      false,
      true,
    ]);
    expect([unconfirmed.isEmpty, unconfirmed.isLost(1, 11)]).toEqual([true, false]);
  });

  it('are lost when a later proof finds the feed behind them', () => {
    unconfirmed.add(at(12), 100);
    unconfirmed.add(at(11), 200);

    expect(unconfirmed.isLost(200, 10)).toBe(false);
    expect(unconfirmed.isLost(201, 12)).toBe(false);
    expect(unconfirmed.isLost(201, 11)).toBe(true);
  });

  it('are none when all are forgotten', () => {
    unconfirmed.add(at(12), 0);
    unconfirmed.clear();
    expect([unconfirmed.isEmpty, unconfirmed.isLost(1, 11)]).toEqual([true, false]);

    unconfirmed.add(at(5), 0);
    expect(unconfirmed.isLost(1, 11)).toBe(false);
  });
});
