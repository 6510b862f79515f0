import { describe, expect, it } from '@jest/globals';
import { expectPromisesKept } from './seeds.ts';
import { simulate } from './simulation.ts';

describe('processes under faults', () => {
  it('keep every promise in every run', () => expectPromisesKept(1, 1500), 3_600_000);

  it.each([1, 2, 3])('do the same when the seed is the same: %d', async (seed) => {
    const first = await simulate(seed, new Map(), true);
    const second = await simulate(seed, new Map(), true);

    expect(second.trace).toEqual(first.trace);
  });
});
