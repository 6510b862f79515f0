import { it } from '@jest/globals';
import { expectPromisesKept } from './seeds.ts';

// A file of their own: they run beside the others.
it('processes under faults keep every promise in more runs', () => expectPromisesKept(1501, 1500), 3_600_000);
