import type { ChaosReport } from './conductor.ts';

/** One line. */
export function summarize(report: ChaosReport): string {
  const { seed, operations, struck, violated, problems, recoveries, stalenessMs, maxStalenessMs, loads } = report;
  const faults = Object.values(struck);
  const hits = loads.reduce((sum, load) => sum + load.hits, 0);
  const reads = loads.reduce((sum, load) => sum + load.hits + load.misses, 0);
  const sorted = recoveries.map((recovery) => recovery.ms).toSorted((one, other) => one - other);
  return [
    `seed ${seed}`,
    `${operations} operations`,
    `${faults.reduce((sum, count) => sum + count, 0)} faults of ${faults.filter((count) => count > 0).length} kinds`,
    `${violated} violations`,
    `${problems.length} problems`,
    `recovery median ${ms(sorted[sorted.length >> 1])}, worst ${ms(sorted.at(-1))}`,
    `hit rate ${((100 * hits) / reads).toFixed(1)} %`,
    `oldest read ${ms(stalenessMs)} of ${ms(maxStalenessMs)}`,
    `largest heap ${(Math.max(...loads.map(({ heapBytes }) => heapBytes)) / 2 ** 20).toFixed(0)} MB`,
  ].join(', ');
}

function ms(duration: number | undefined): string {
  return duration === undefined ? 'none' : `${duration.toFixed(0)} ms`;
}
