import { faults } from './faults/faults.ts';

/** Kinds of faults that strike at about the same time: at most one at the server, the others at different processes. */
export type Round = readonly string[];

/** How often each kind of fault strikes in one run. */
export const FAULTS_PER_RUN: Readonly<Record<string, number>> = Object.fromEntries(
  [...faults].map(([kind, { perRun }]) => [kind, perRun]),
);

/** Puts the faults of a run in a random order of rounds, each with at most `processes` at processes. */
export function planRounds(processes: number, random: () => number): Round[] {
  const all = shuffle(
    [...faults].flatMap(([kind, { perRun }]) => Array.from({ length: perRun }, () => kind)),
    random,
  );
  const atServer = all.filter((kind) => faults.get(kind)?.reach === 'server');
  const atProcesses = all.filter((kind) => faults.get(kind)?.reach === 'process');
  const length = Math.max(atServer.length, Math.ceil(atProcesses.length / processes));
  return Array.from({ length }, (_, round) => [
    ...atServer.slice(round, round + 1),
    ...atProcesses.filter((_kind, index) => index % length === round),
  ]);
}

export function shuffle<I>(items: readonly I[], random: () => number): I[] {
  return items
    .map((item) => ({ item, dice: random() }))
    .toSorted((one, other) => one.dice - other.dice)
    .map(({ item }) => item);
}
