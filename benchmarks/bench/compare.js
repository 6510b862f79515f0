/** Rounds in which `--quick` looks, at most. */
const QUICK_ROUNDS = 5;

/**
 * One row of the table: what costs how much more than its limit.
 *
 * @param row - `id`: of the row, and for its recorded figure. `what` and `limit`: the two sides, in Markdown. `goal`: the
 *   highest ratio that is good enough. `unit`: of what `measure` and `base` return. `rounds`: of each side, interleaved.
 *   `base`, `measure`: do one round of the limit and of ours, and return (or resolve) its cost.
 * @returns The row with its medians: `ratio` of ours to the limit, and `again` of the limit to itself, the noise.
 */
export async function compare({ base, measure, rounds, ...row }) {
  const { limit, again, ours } = await medians({ limit: base, again: base, ours: measure }, rounds);
  return { ...row, base: limit, ours, ratio: ours / limit, again: again / limit };
}

/** The median cost of each subject over rounds in which all take their turn, each time beginning with another one. */
async function medians(subjects, rounds) {
  const names = Object.keys(subjects);
  const costs = Object.fromEntries(names.map((name) => [name, []]));
  const count = isQuick ? Math.min(rounds, QUICK_ROUNDS) : rounds;
  // The first round only warms up.
  for (let round = -1; round < count; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + 1) % names.length];
      globalThis.gc?.();
      const cost = await subjects[name]();
      if (round >= 0) costs[name].push(cost);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(costs[name])]));
}

/** The middle one. */
function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Nanoseconds that one of `count` operations takes, all of which `act` does. */
export async function nanoseconds(count, act) {
  const start = process.hrtime.bigint();
  await act();
  return Number(process.hrtime.bigint() - start) / count;
}

/** Whether a first impression is enough. */
const isQuick = process.argv.includes('--quick');
