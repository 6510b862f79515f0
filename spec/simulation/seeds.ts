import { expect } from '@jest/globals';
import { eventKinds } from './schedule.ts';
import { EVENTS, firstViolation, simulate, type Tally } from './simulation.ts';

// SEED=<number> replays one run with its trace; FROM=<number> and SEEDS=<number> set which are run.
const { SEED, FROM, SEEDS } = process.env;

/** Runs seeds one after the other, or those that the environment names: no promise is broken in any. */
export async function expectPromisesKept(defaultFrom: number, defaultSeeds: number): Promise<void> {
  const [from, seeds] = [Number(FROM ?? defaultFrom), Number(SEEDS ?? defaultSeeds)];
  const tally: Tally = new Map();
  const violation = SEED === undefined ? firstViolation(seeds, from, tally) : replay(Number(SEED));

  expect(await violation).toBeUndefined();
  if (SEED !== undefined) return;
  process.stdout.write(`${seeds} seeds from ${from}, ${EVENTS} events each: all promises kept\n`);
  const rare = eventKinds.filter(({ name }) => (tally.get(name) ?? 0) < seeds / 50).map(({ name }) => name);
  expect(rare).toEqual([]);
}

async function replay(seed: number): Promise<string | undefined> {
  const { violation, trace } = await simulate(seed, new Map(), true);
  process.stdout.write(`${trace.join('\n')}\n`);
  return violation;
}
