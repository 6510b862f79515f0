import { beforeAll, describe, expect, it } from '@jest/globals';
import { seededRandom } from '../support/seededRandom.ts';
import { type ChaosReport, runChaos } from './conductor.ts';
import { FAULTS_PER_RUN, planRounds } from './plan.ts';
import { summarize } from './summary.ts';

const MIN_OPERATIONS = 20_000;
const RUN_DEADLINE_MS = 300_000;

const clients = ['redis', 'redis-v5', 'redis-v6'] as const;

/** Another one each time; give it to repeat a run, as far as a machine can repeat one. */
const seed = Number(process.env['NEARDICT_SEED'] ?? Date.now() % 1_000_000);

describe.each(clients)('four processes with the package %s, through all kinds of faults', (clientPackage) => {
  let report: ChaosReport;
  beforeAll(async () => {
    const rounds = planRounds(3, seededRandom(seed));
    report = await runChaos({ clientPackage, seed, rounds, minOperations: MIN_OPERATIONS });
    process.stderr.write(`${[`${clientPackage}: ${summarize(report)}`, ...report.problems].join('\n')}\n`);
  }, RUN_DEADLINE_MS);

  it('see nothing that is not promised', () => {
    expect(report.violations).toEqual([]);
    expect(report.operations).toBeGreaterThanOrEqual(MIN_OPERATIONS);
  });

  it('end every call in time, fail only as promised and never crash', () => {
    expect(report.problems).toEqual([]);
  });

  it('meet as many faults of each kind as planned', () => {
    expect(report.struck).toEqual(FAULTS_PER_RUN);
  });

  it('are back to nine tenths of their throughput within two seconds', () => {
    const slowest = report.recoveries.toSorted((one, other) => one.ms - other.ms);

    expect(slowest[slowest.length >> 1]?.ms).toBeLessThanOrEqual(2000);
    // A machine that is busy with something else may hold up a single one.
    expect(slowest.filter(({ ms }) => ms > 10_000)).toEqual([]);
  });
});

describe('processes one of which gives old answers', () => {
  it('are caught', async () => {
    const { violations, violated, problems } = await runChaos({
      clientPackage: 'redis',
      seed,
      rounds: [],
      minOperations: 5000,
      hasOldAnswers: true,
    });

    expect(problems).toEqual([]);
    expect(violated).toBeGreaterThan(0);
    expect(violations.join('\n')).toMatch(/^(stale|back in time|own write): .* in process 1 /m);
    expect(violations.join('\n')).not.toMatch(/^\w.* in process [234] /m);
  });
});

it('there are at least 240 faults of at least 15 kinds', () => {
  const perRun = Object.values(FAULTS_PER_RUN);

  expect(clients.length * perRun.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(240);
  expect(perRun.length).toBeGreaterThanOrEqual(15);
});
