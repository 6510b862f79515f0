import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientPackage } from '../messages.ts';
import { type ClusterChaosReport, runClusterChaos } from './clusterConductor.ts';
import type { EventName } from './topologyEvents.ts';

const MIN_OPERATIONS = 20_000;
const RUN_DEADLINE_MS = 300_000;

/** Another one each time; give it to repeat a run, as far as a machine can repeat one. */
const seed = Number(process.env['NEARDICT_SEED'] ?? Date.now() % 1_000_000);
/** How often each run's events happen: more than once for a longer run by hand. */
const times = Number(process.env['NEARDICT_TIMES'] ?? 1);

const plan: readonly (readonly [ClientPackage, readonly EventName[]])[] = [
  ['redis', ['positionMovesFirst', 'masterKilled', 'halfMoves', 'failOver', 'positionMovesLast']],
  ['redis-v5', ['positionMovesLast', 'historySplit', 'halfMoves', 'failOver', 'positionMovesFirst']],
  ['redis-v6', ['halfMoves', 'masterKilled', 'failOver', 'positionMovesFirst', 'historySplit']],
];

const reports: ClusterChaosReport[] = [];

describe.each(plan)('four processes with the package %s, on a cluster that changes', (clientPackage, events) => {
  let report: ClusterChaosReport;
  const all = Array.from({ length: times }, () => events).flat();
  beforeAll(async () => {
    const minOperations = (times * MIN_OPERATIONS) / plan.length;
    report = await runClusterChaos({ clientPackage, seed, events: all, minOperations });
    reports.push(report);
    const { operations, happened, refusals, violated, problems, stalenessMs } = report;
    process.stderr.write(
      `${clientPackage}: ${JSON.stringify({ seed, operations, happened, refusals, violated, stalenessMs })}\n`,
    );
    for (const text of problems) process.stderr.write(`${text}\n`);
  }, times * RUN_DEADLINE_MS);

  it('see nothing that is not promised', () => {
    expect(report.violations).toEqual([]);
  });

  it('end every call in time, fail only as promised and never crash', () => {
    expect(report.problems).toEqual([]);
  });

  it('meet every event', () => {
    expect(Object.values(report.happened).reduce((sum, count) => sum + count)).toBe(all.length);
    expect(report.refusals).toMatchObject({
      ASK: expect.any(Number),
      MOVED: expect.any(Number),
      TRYAGAIN: expect.any(Number),
    });
  });
});

it('there are at least 20,000 operations, 8 slots that move, 3 failovers, 2 killed masters and 2 split histories', () => {
  const count = (...names: readonly EventName[]): number =>
    reports.flatMap(({ happened }) => names.map((name) => happened[name] ?? 0)).reduce((sum, each) => sum + each, 0);

  expect(reports.reduce((sum, { operations }) => sum + operations, 0)).toBeGreaterThanOrEqual(MIN_OPERATIONS);
  expect(count('positionMovesFirst', 'positionMovesLast', 'halfMoves')).toBeGreaterThanOrEqual(8);
  expect(count('failOver')).toBeGreaterThanOrEqual(3);
  expect(count('masterKilled')).toBeGreaterThanOrEqual(2);
  expect(count('historySplit')).toBeGreaterThanOrEqual(2);
});
