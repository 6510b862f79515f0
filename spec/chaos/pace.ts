import { sleep } from './clock.ts';

/** Calls of a process that are under way at a time, at most. */
export const FIBERS = 6;
/** Between two calls of a fiber. */
const MEAN_PAUSE_MS = 16;

/** Calls `act` in the same pace as all others do, until it returns `false`. */
export async function keepPace(act: () => Promise<boolean>, random: () => number): Promise<void> {
  do await sleep(2 * MEAN_PAUSE_MS * random());
  while (await act());
}
