import { describe, expect, it } from '@jest/globals';
import { eventKinds } from './schedule.ts';
import { EVENTS, firstViolation, simulate, type Tally } from './simulation.ts';

// SEED=<number> replays one run with its trace; FROM=<number> and SEEDS=<number> set which are run.

const { SEED, FROM = '1', SEEDS = '3000' } = process.env;

async function replay(seed: number): Promise<string | undefined> {
  const { violation, trace } = await simulate(seed, new Map(), true);
  process.stdout.write(`${trace.join('\n')}\n`);
  return violation;
}

describe('processes under faults', () => {
  it('keep every promise in every run', async () => {
    const tally: Tally = new Map();
    const violation = SEED === undefined ? firstViolation(Number(SEEDS), Number(FROM), tally) : replay(Number(SEED));

    expect(await violation).toBeUndefined();
    if (SEED !== undefined) return;
    process.stdout.write(`${SEEDS} seeds from ${FROM}, ${EVENTS} events each: all promises kept\n`);
    const rare = eventKinds.filter(({ name }) => (tally.get(name) ?? 0) < Number(SEEDS) / 50).map(({ name }) => name);
    expect(rare).toEqual([]);
  }, 3_600_000);

  it.each([1, 2, 3])('do the same when the seed is the same: %d', async (seed) => {
    const first = await simulate(seed, new Map(), true);
    const second = await simulate(seed, new Map(), true);

    expect(second.trace).toEqual(first.trace);
  });
});
