import { describe, expect, it } from '@jest/globals';
import { Ring } from '../../lib/coherence/ring.ts';
import type { Position } from '../../lib/store/position.ts';

const CAPACITY = 1024;

function at(seq: number, nonce: number = seq): Position {
  return { seq, nonce };
}

describe('the last positions', () => {
  it('are known from where they began', () => {
    const ring = new Ring(at(5000));
    for (let seq = 5001; seq <= 5010; seq++) ring.push(at(seq));

    expect([4999, 5000, 5010, 5011].map((seq) => ring.relate(at(seq)))).toEqual([
      'forgotten',
      'known',
      'known',
      'ahead',
    ]);
    expect([5000, 5010].map((seq) => ring.relate(at(seq, 1)))).toEqual(['forked', 'forked']);
  });

  it.each([CAPACITY + 1, 3000])('are as many as it holds, up to %d', (last) => {
    const ring = new Ring(at(1));
    for (let seq = 2; seq <= last; seq++) ring.push(at(seq));

    expect([last - CAPACITY, last - CAPACITY + 1].map((seq) => ring.relate(at(seq)))).toEqual(['forgotten', 'known']);
  });

  it('begin anew where it is told', () => {
    const ring = new Ring(at(10));
    ring.push(at(11));
    ring.restart(at(20));

    expect(ring.last).toEqual(at(20));
    expect([11, 20].map((seq) => ring.relate(at(seq)))).toEqual(['forgotten', 'known']);
  });
});
