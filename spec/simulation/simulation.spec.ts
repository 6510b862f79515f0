import { describe, expect, it } from '@jest/globals';
import { kept, runSeeds } from './seeds.ts';
import { simulate } from './simulation.ts';

describe('processes under faults', () => {
  it('keep every promise in every run', async () => {
    expect(await runSeeds(1, 1500)).toEqual(kept);
  }, 3_600_000);

  it.each([1, 2, 3])('do the same when the seed is the same: %d', async (seed) => {
    const first = await simulate(seed, new Map(), true);
    const second = await simulate(seed, new Map(), true);

    expect(second.trace).toEqual(first.trace);
  });
});
