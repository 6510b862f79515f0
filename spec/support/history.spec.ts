import { describe, expect, it } from '@jest/globals';
import { describeViolation, findViolations, type Operation, type Read, type Value, type Write } from './history.ts';
import { seededRandom } from './seededRandom.ts';

const STALENESS_MS = 50;
const promises = { maxStalenessMs: STALENESS_MS, resolutionMs: 1 };

const write = (process: number, value: Value, start: number, end: number, outcome: Write['outcome'] = 'ok'): Write => ({
  type: 'write',
  process,
  key: 'a',
  value,
  start,
  end,
  outcome,
});
const fresh = (process: number, value: Value, start: number, end: number): Read => ({
  type: 'fresh',
  process,
  key: 'a',
  value,
  start,
  end,
});
const cached = (process: number, value: Value, start: number, end: number): Read => ({
  ...fresh(process, value, start, end),
  type: 'cached',
});
const rulesBroken = (...history: readonly Operation[]): string[] =>
  findViolations(history, promises).map(({ rule }) => rule);

describe('a history', () => {
  it('of reads and writes that a single copy could explain breaks no promise', () => {
    expect(
      rulesBroken(
        fresh(1, undefined, 0, 1),
        write(1, 'x', 2, 8),
        fresh(2, undefined, 3, 4),
        fresh(2, 'x', 5, 6),
        write(2, 'y', 9, 12),
        write(1, 'z', 9, 12),
        fresh(1, 'y', 13, 14),
        write(1, undefined, 15, 16),
        fresh(2, undefined, 17, 18),
      ),
    ).toEqual([]);
  });

  it('lets a write of unknown outcome take effect late, or never', () => {
    const unknown = write(1, 'x', 0, 5, 'unknown');

    expect(rulesBroken(unknown, fresh(2, undefined, 6, 7), fresh(2, 'x', 100, 101))).toEqual([]);
    expect(rulesBroken(unknown, fresh(2, undefined, 6, 7), fresh(2, undefined, 100, 101))).toEqual([]);
  });

  it('lets a delete of unknown outcome take effect late, or never, but only once', () => {
    const history = [write(1, 'x', 0, 1), write(1, undefined, 2, 3, 'unknown'), fresh(2, 'x', 4, 5)];

    expect(rulesBroken(...history)).toEqual([]);
    expect(rulesBroken(...history, fresh(2, undefined, 50, 51))).toEqual([]);
    expect(
      rulesBroken(...history, fresh(2, undefined, 50, 51), write(1, 'y', 52, 53), fresh(2, undefined, 54, 55)),
    ).toEqual(['linearizable']);
  });

  it('lets a set of unknown outcome that nobody read explain what a delete found', () => {
    const removal = { ...write(1, undefined, 6, 7), existed: true };

    expect(rulesBroken(write(1, 'x', 0, 5, 'unknown'), removal)).toEqual([]);
    expect(rulesBroken(write(1, 'x', 8, 9, 'unknown'), removal)).toEqual(['linearizable']);
  });

  it('lets cached reads lag behind, by no more than is promised', () => {
    const history = [write(1, 'x', 0, 1), write(1, 'y', 10, 11)];

    expect(rulesBroken(...history, cached(2, 'x', 11 + STALENESS_MS, 100))).toEqual([]);
    expect(rulesBroken(...history, cached(2, 'x', 13 + STALENESS_MS, 100))).toEqual(['stale']);
  });

  it('knows an overwritten value by a fresh read, where the write itself has no known end', () => {
    const history = [write(1, 'x', 0, 1), write(1, 'y', 10, 11, 'unknown'), fresh(3, 'y', 20, 21)];

    expect(rulesBroken(...history, cached(2, 'x', 100, 101))).toEqual(['stale']);
  });

  it('lets a process see its own write before it is done, and also if it fails then', () => {
    const refused = write(1, 'x', 0, 10, 'refused');

    expect(rulesBroken(refused, cached(1, 'x', 1, 2), cached(1, undefined, 11, 12))).toEqual([]);
    expect(rulesBroken(refused, cached(1, 'x', 11, 12))).toEqual(['phantom']);
    expect(rulesBroken(refused, cached(2, 'x', 1, 2))).toEqual(['phantom']);
  });

  it('lets a process see its own delete before it is done, and the value again if it fails then', () => {
    const history = [write(1, 'x', 0, 1), cached(1, 'x', 2, 3), write(1, undefined, 4, 10, 'unknown')];

    expect(rulesBroken(...history, cached(1, undefined, 5, 6), cached(1, 'x', 11, 12))).toEqual([]);
    expect(rulesBroken(...history, cached(1, undefined, 11, 12), cached(1, 'x', 13, 14))).toEqual(['back in time']);
  });

  it('does not let a process miss its own write, done or on its way', () => {
    expect(rulesBroken(write(1, 'x', 5, 6), cached(1, undefined, 7, 8))).toEqual(['own write']);
    expect(rulesBroken(write(1, 'x', 5, 60), cached(1, undefined, 7, 8))).toEqual(['own write']);
    expect(rulesBroken(write(1, 'x', 5, 6), cached(2, undefined, 7, 8))).toEqual([]);
  });

  it('does not let a process read an older value after a newer one', () => {
    const history = [write(1, 'x', 0, 1), write(1, 'y', 10, 11)];

    expect(rulesBroken(...history, cached(2, 'y', 12, 13), cached(3, 'x', 14, 15))).toEqual([]);
    expect(rulesBroken(...history, cached(2, 'y', 12, 13), cached(2, 'x', 14, 15))).toEqual(['back in time']);
  });

  it('does not let a value come back, whatever the order of the writes was', () => {
    const history = [write(1, 'x', 0, 20), write(2, 'y', 0, 20)];
    const reads = ['x', 'y', 'x'].map((value, index) => cached(3, value, 21 + 2 * index, 22 + 2 * index));

    expect(rulesBroken(...history, ...reads.slice(0, 2))).toEqual([]);
    expect(rulesBroken(...history, ...reads)).toEqual(['back in time']);
  });

  it('holds what a delete said of the key against the order', () => {
    const removal = { ...write(1, undefined, 2, 3), existed: false };

    expect(rulesBroken(write(1, 'x', 0, 1), removal)).toEqual(['linearizable']);
    expect(rulesBroken(write(1, 'x', 0, 1), { ...removal, existed: true })).toEqual([]);
  });

  it('is described with the operations that show the breach', () => {
    const [violation] = findViolations([write(1, 'x', 5, 6), cached(1, undefined, 7, 8)], promises);

    expect(describeViolation(violation as NonNullable<typeof violation>)).toBe(
      [
        'own write: a: the process has written a newer value before: missing in process 1 (from 5.000 ms)',
        '  0.000..1.000 process 1 write x ok',
        '  2.000..3.000 process 1 cached missing',
      ].join('\n'),
    );
  });
});

describe('a long history', () => {
  const SIZE = 20_000;

  it.each([1, 2, 3, 4, 5])('of a store with caches that keep their promises is found good (seed %i)', (seed) => {
    const violations = findViolations(simulate(seed, SIZE), promises);

    expect(violations.map(describeViolation)).toEqual([]);
  });

  it.each<readonly [string, string, (spot: Spot) => readonly Operation[]]>([
    ['a stale fresh read', 'linearizable', ({ key, old, at }) => [strange('fresh', key, old, at)]],
    [
      'a lost update',
      'linearizable',
      ({ key, now, at }) => [strange('write', key, 'lost', at), strange('fresh', key, now, at + 1)],
    ],
    ['a stale cached read', 'stale', ({ key, old, at }) => [strange('cached', key, old, at + STALENESS_MS + 2)]],
    [
      'a step back in time',
      'back in time',
      ({ key, old, now, at }) => [strange('cached', key, now, at), strange('cached', key, old, at + 1)],
    ],
    [
      'an own write overlooked',
      'own write',
      ({ key, old, at }) => [strange('write', key, 'own', at), strange('cached', key, old, at + 1)],
    ],
    ['a value out of thin air', 'phantom', ({ key, at }) => [strange('cached', key, 'nobody wrote it', at)]],
  ])('with %s is found bad', (_name, rule, plant) => {
    const history = simulate(6, SIZE / 10);
    const spots = spotsIn(history);
    expect(spots.length).toBeGreaterThan(20);

    for (const spot of spots.slice(0, 20)) {
      const found = findViolations([...history, ...plant(spot)], promises);

      expect(found.map((violation) => violation.rule)).toContain(rule);
      expect(found.filter(({ key }) => key !== spot.key)).toEqual([]);
    }
  });
});

/** Two values that a key had one after the other, and a moment at which only the second was left. */
interface Spot {
  readonly key: string;
  readonly old: Value;
  readonly now: Value;
  readonly at: number;
}

function spotsIn(history: readonly Operation[]): Spot[] {
  const sets = history.filter((each) => each.type === 'write').filter(({ value }) => value !== undefined);
  return sets.flatMap((first) => {
    const second = sets.find(({ key, start }) => key === first.key && start > first.end);
    if (first.outcome !== 'ok' || second?.outcome !== 'ok') return [];
    return { key: first.key, old: first.value, now: second.value, at: second.end + 0.01 };
  });
}

/** What is planted is done by someone new: nothing else can be found about him. */
function strange(type: Operation['type'], key: string, value: Value, start: number): Operation {
  const span = { process: 99, key, value, start, end: start + 0.5 };
  return type === 'write' ? { ...span, type, outcome: 'ok' } : { ...span, type };
}

const KEYS = 40;
const PROCESSES = 8;

/** What processes would see of one store through caches that keep all promises. Each does one thing after another. */
function simulate(seed: number, size: number): Operation[] {
  const random = seededRandom(seed);
  const clocks = Array.from({ length: PROCESSES }, () => random());
  const spans = Array.from({ length: size }, (_, index) => {
    const process = index % PROCESSES;
    const start = clocks[process] as number;
    const end = start + 0.1 + 3 * random();
    clocks[process] = end + random();
    const key = `key${Math.floor(KEYS * random() ** 2)}`;
    return { process, key, start, end, at: start + (end - start) * random(), dice: random(), value: `value${index}` };
  });
  const store = new Map<string, { readonly value: Value; readonly since: number }[]>();
  const known = new Map<string, number>();
  const history: Operation[] = [];
  for (const { dice, at, ...span } of spans.toSorted((one, other) => one.at - other.at)) {
    const { key, process, start } = span;
    const versions = store.get(key) ?? [{ value: undefined, since: 0 }];
    store.set(key, versions);
    const now = versions.at(-1)?.value;
    const mine = `${process} ${key}`;
    const record = (value: Value, outcome: Write['outcome'], existed?: boolean): void => {
      history.push({ ...span, type: 'write', value, outcome, existed });
    };
    if (dice < 0.5) {
      const cachedAt = Math.max(known.get(mine) ?? 0, start - STALENESS_MS * random());
      const version = versions.findLast(({ since }) => since <= cachedAt);
      history.push({ ...span, type: 'cached', value: version?.value });
      known.set(mine, cachedAt);
    } else if (dice < 0.7) {
      history.push({ ...span, type: 'fresh', value: now });
      known.set(mine, at);
    } else if (dice < 0.9) {
      versions.push({ value: span.value, since: at });
      record(span.value, 'ok');
      known.set(mine, at);
    } else if (dice < 0.94) {
      versions.push({ value: undefined, since: at });
      record(undefined, 'ok', now !== undefined);
      known.set(mine, at);
    } else if (dice < 0.98) {
      const value = dice < 0.97 ? span.value : undefined;
      if (random() < 0.5) versions.push({ value, since: at });
      record(value, 'unknown');
    } else record(span.value, 'refused');
  }
  return history;
}
