import { eventKinds } from './schedule.ts';
import { EVENTS, firstViolation, simulate, type Tally } from './simulation.ts';

// SEED=<number> replays one run with its trace; FROM=<number> and SEEDS=<number> set which are run.
const { SEED, FROM, SEEDS } = process.env;

export interface Outcome {
  /** What was broken, with the seed. */
  readonly violation: string | undefined;
  /** Kinds of events that hardly happened. */
  readonly rare: readonly string[];
}

/** What is expected of every run. */
export const kept: Outcome = { violation: undefined, rare: [] };

/** Runs seeds one after the other, or those that the environment names. */
export async function runSeeds(defaultFrom: number, defaultSeeds: number): Promise<Outcome> {
  if (SEED !== undefined) return { violation: await replay(Number(SEED)), rare: [] };
  const [from, seeds] = [Number(FROM ?? defaultFrom), Number(SEEDS ?? defaultSeeds)];
  const tally: Tally = new Map();
  const violation = await firstViolation(seeds, from, tally);
  process.stdout.write(`${seeds} seeds from ${from}, ${EVENTS} events each: ${violation ?? 'all promises kept'}\n`);
  const rare = eventKinds.filter(({ name }) => (tally.get(name) ?? 0) < seeds / 50).map(({ name }) => name);
  return { violation, rare };
}

async function replay(seed: number): Promise<string | undefined> {
  const { violation, trace } = await simulate(seed, new Map(), true);
  process.stdout.write(`${trace.join('\n')}\n`);
  return violation;
}
