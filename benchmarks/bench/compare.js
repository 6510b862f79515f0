/** How many times fewer rounds `--quick` makes. */
const QUICK = 5;

/**
 * One row of the table: what costs how much more than its limit.
 *
 * @param row - `id`: of the row, and for its recorded figure. `what` and `limit`: the two sides, in Markdown. `goal`: the
 *   highest ratio that is good enough. `unit`: of what `measure` and `base` return. `rounds`: of each side, interleaved.
 *   `base`, `measure`: do one round of the limit and of ours, and return (or resolve) its cost. `collects`: young
 *   garbage before each round (default true), so that none pays for another's; without, rounds may be single requests.
 * @returns The row with its medians: `ratio` of ours to the limit, and `again` of the limit to itself, the noise.
 */
export async function compare({ base, measure, rounds, collects, ...row }) {
  const { limit, again, ours } = await medians({ limit: base, again: base, ours: measure }, rounds, collects);
  return { ...row, base: limit, ours, ratio: ours / limit, again: again / limit };
}

/**
 * Rows of the table: how many times as much as ours others cost.
 *
 * @param row - As above, but for `peers`: by name, `measure` and `atLeast`, the ratio that is good enough.
 */
export async function comparePeers({ peers, measure, rounds, id, ...row }) {
  const names = Object.keys(peers);
  const others = Object.fromEntries(names.map((name) => [name, peers[name].measure]));
  const { ours, again, ...costs } = await medians({ ours: measure, again: measure, ...others }, rounds);
  return names.map((name) => {
    const ratio = costs[name] / ours;
    return {
      ...row,
      id: `${id}: ${name}`,
      limit: name,
      atLeast: peers[name].atLeast,
      base: costs[name],
      ours,
      ratio,
      again: again / ours,
    };
  });
}

/** A row of what is no ratio: a median of ours that is to be at most `goal`, and beside it `again`. */
export async function figure({ measure, rounds, ...row }) {
  const { ours, again } = await medians({ ours: measure, again: measure }, rounds);
  return { ...row, ours, again: again / ours };
}

/** The median cost of each subject over rounds in which all take their turn, each time beginning with another one. */
export async function medians(subjects, rounds, collects = true) {
  const names = Object.keys(subjects);
  const costs = Object.fromEntries(names.map((name) => [name, []]));
  const count = isQuick ? Math.ceil(rounds / QUICK) : rounds;
  // The first round only warms up.
  for (let round = -1; round < count; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + 1) % names.length];
      if (collects) collectYoung();
      const cost = await subjects[name]();
      if (round >= 0) costs[name].push(cost);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(costs[name])]));
}

/**
 * Without `type` it would also throw away code that is compiled for shapes of which no object is left. V8's own
 * collections keep those for a while, so no program that runs pays for that every 10,000 requests.
 */
function collectYoung() {
  globalThis.gc?.({ type: 'minor' });
}

/** The middle one. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Nanoseconds of this process's processor time, which others can't take, that one of `count` operations takes. */
export async function nanoseconds(count, act) {
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return (1000 * (user + system)) / count;
}

/** Microseconds by the clock that one of `count` operations takes. */
export async function microseconds(count, act) {
  const start = performance.now();
  await act();
  return (1000 * (performance.now() - start)) / count;
}

/** Whether a first impression is enough. */
export const isQuick = process.argv.includes('--quick');
