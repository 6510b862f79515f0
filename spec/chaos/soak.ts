// npm run soak -- --minutes N [--seed S] [--client redis|redis-v5|redis-v6]
// Prints a line a minute and a summary; ends with exit code 1 if anything that is promised did not hold.
import { parseArgs } from 'node:util';
import { seededRandom } from '../support/seededRandom.ts';
import { type ChaosReport, runChaos } from './conductor.ts';
import type { ClientPackage } from './messages.ts';
import { planRounds, type Round } from './plan.ts';
import { summarize } from './summary.ts';

const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    client: { type: 'string', default: 'redis-v6' },
  },
});
const seed = Number(values.seed);
const start = performance.now();
const end = start + Number(values.minutes) * MINUTE_MS;

function* rounds(): Generator<Round> {
  const random = seededRandom(seed);
  for (;;) {
    for (const round of planRounds(3, random)) {
      if (performance.now() > end) return;
      yield round;
    }
  }
}

let minutes = 0;
const told = new Set<string>();

/** What must not be is told at once. */
function tell(report: ChaosReport): void {
  for (const text of [...report.problems, ...report.violations]) {
    if (!told.has(text)) console.log(text);
    told.add(text);
  }
}

function tellEveryMinute(report: ChaosReport): void {
  tell(report);
  const now = Math.floor((performance.now() - start) / MINUTE_MS);
  if (now === minutes) return;
  minutes = now;
  console.log(`${minutes} min: ${summarize(report)}`);
}

const report = await runChaos({
  clientPackage: values.client as ClientPackage,
  seed,
  rounds: rounds(),
  minOperations: 0,
  onRound: tellEveryMinute,
});
tell(report);
console.log(`in all: ${summarize(report)}`);
if (report.problems.length > 0 || report.violated > 0) process.exitCode = 1;
