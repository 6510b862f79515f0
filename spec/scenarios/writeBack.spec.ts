import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type Place, places } from '../support/places.ts';
import { runChild, startChild } from '../support/runChild.ts';
import { until } from '../support/until.ts';

/** An assignment of which the process has told. */
interface Told {
  readonly n: number;
  /** Milliseconds of its own clock. */
  readonly at: number;
}

/** Of each kind, by place. */
const KILLS: readonly number[] = [5, 2];
const INTERVAL_MS = 300;
/** For a flush on a machine that is busy with other things. */
const SLACK_MS = 3000;

const cases = places.map(([name, start], index) => [name, start, KILLS[index] ?? 0] as const);

describe.each(cases)('a process that keeps assignments back from %s', (_name, start, kills) => {
  let place: Place;
  beforeAll(async () => {
    place = await start();
  });
  afterAll(async () => {
    await place.stop();
  });

  async function stored(namespace: string): Promise<ReadonlySet<number>> {
    await using handle = await openDict<Record<string, number>>({ namespace, store: redisStore(place.source) });
    return new Set(Object.values(await handle.snapshot()).map(Number));
  }

  /** Runs a process until `isEnough`, kills it, and returns what it has told and what of that is not in the store. */
  async function kill(
    namespace: string,
    args: readonly string[],
    isEnough: (told: readonly Told[]) => boolean,
  ): Promise<{ readonly told: readonly Told[]; readonly lost: readonly Told[] }> {
    const child = startChild('writeBack.js', namespace, JSON.stringify(place.source), ...args);
    const told: Told[] = [];
    child.process.on('message', (message) => told.push(message as Told));
    await until('it has written enough', () => isEnough(told), 120_000);
    child.process.kill('SIGKILL');
    await child.ended;
    const present = await stored(namespace);
    return { told, lost: told.filter(({ n }) => !present.has(n)) };
  }

  it('writes them before it ends by itself', async () => {
    const { code, output } = await runChild('writeBack.js', 'ends', JSON.stringify(place.source), '1h', '100', '10');

    expect({ code, output }).toEqual({ code: 0, output: '' });
    expect((await stored('ends')).size).toBe(10);
  }, 120_000);

  it('loses at most maxDirty of them when it is killed', async () => {
    const runs = await Promise.all(
      Array.from({ length: kills }, (_, run) =>
        kill(`dirty-${run}`, ['1h', '10', '1e9'], (told) => told.length > 60 + 7 * run),
      ),
    );

    for (const { told, lost } of runs) {
      expect(told.length).toBeGreaterThan(60);
      expect(lost.length).toBeLessThanOrEqual(10);
    }
  }, 240_000);

  it('loses at most those of the last flushInterval, and of the time that a flush takes', async () => {
    const runs = await Promise.all(
      Array.from({ length: kills }, (_, run) =>
        kill(`interval-${run}`, [`${INTERVAL_MS}ms`, '1000000', '1e9'], (told) => {
          const [first, last] = [told[0], told.at(-1)];
          return first !== undefined && last !== undefined && last.at - first.at > 12 * INTERVAL_MS + 50 * run;
        }),
      ),
    );

    for (const { told, lost } of runs) {
      const lastAt = told.at(-1)?.at ?? 0;
      expect(lastAt - (lost[0]?.at ?? lastAt)).toBeLessThan(INTERVAL_MS + SLACK_MS);
      // Nothing is lost out of the middle of what one call brings.
      if (place.partitions === 1) expect(lost).toEqual(lost.length === 0 ? [] : told.slice(-lost.length));
    }
  }, 240_000);
});
