import { expect, it } from '@jest/globals';
import { kept, runSeeds } from './seeds.ts';

// A file of their own: they run beside the others.
it('processes under faults keep every promise in more runs', async () => {
  expect(await runSeeds(1501, 1500)).toEqual(kept);
}, 3_600_000);
