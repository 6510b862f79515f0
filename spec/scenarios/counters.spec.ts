import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type Place, places, type ProxiedPlace, type Source } from '../support/places.ts';
import { startChild } from '../support/runChild.ts';

const PROCESSES = 8;
/** Of each process, by place. On a cluster the conditions are the same, and each process costs more. */
const UPDATES: readonly number[] = [1000, 100];
const FAULTS = 24;
/** Eight processes share what the machine has. */
const TIMEOUT_MS = 240_000;

const cases = places.map(([name, start], index) => [UPDATES[index] ?? 0, name, start] as const);

describe.each(cases)('eight processes that each add one %i times to ten counters on %s', (updates, _name, start) => {
  let place: Place;
  beforeAll(async () => {
    place = await start();
  });
  afterAll(async () => {
    await place.stop();
  });

  /** Runs them and returns the sum of the counters and the number of updates of unknown outcome. */
  async function count(
    namespace: string,
    source: Source,
    disturb: (over: Promise<unknown>) => Promise<void> = async () => {},
  ): Promise<{ readonly sum: number; readonly unknown: number }> {
    const children = Array.from({ length: PROCESSES }, () =>
      startChild('count.js', namespace, JSON.stringify(source), String(updates)),
    );
    await Promise.all(children.map((child) => child.message()));
    for (const child of children) child.process.send('go');
    const ends = Promise.all(children.map((child) => child.ended));
    const [results] = await Promise.all([ends, disturb(ends)]);
    expect(results.map(({ code }) => code)).toEqual(results.map(() => 0));
    await using handle = await openDict<Record<string, number>>({ namespace, store: redisStore(place.source) });
    const counters = Object.values(await handle.snapshot()).map(Number);
    expect(counters).toHaveLength(10);
    return {
      sum: counters.reduce((sum, n) => sum + n, 0),
      unknown: results.reduce((sum, { output }) => sum + Number(output), 0),
    };
  }

  it(
    'end at exactly the sum',
    async () => {
      expect(await count('counters', place.source)).toEqual({ sum: PROCESSES * updates, unknown: 0 });
    },
    TIMEOUT_MS,
  );

  it(
    'end there also when connections break and replies are lost, because an update recognises itself',
    async () => {
      const proxied = await place.proxied();
      const disturb = (over: Promise<unknown>): Promise<void> => breakConnections(proxied, over);
      const { sum, unknown } = await count('counters-of-chaos', proxied.source, disturb);
      await proxied.stop();

      const lost = proxied.proxies.reduce((total, { counts }) => total + counts.replyLost, 0);
      expect(lost).toBeGreaterThan(FAULTS / 2);
      expect(sum).toBeGreaterThanOrEqual(PROCESSES * updates - unknown);
      expect(sum).toBeLessThanOrEqual(PROCESSES * updates);
      expect(unknown).toBeLessThan(FAULTS);
    },
    TIMEOUT_MS,
  );
});

/** Each fault waits for an update that gets through, so it is the processes that set the pace. */
async function breakConnections({ proxies }: ProxiedPlace, over: Promise<unknown>): Promise<void> {
  for (let fault = 0; fault < FAULTS; fault++) {
    await Promise.race([proxies[fault % proxies.length]?.loseReply('EVALSHA'), over]);
    if (fault % 3 === 0) for (const proxy of proxies) proxy.reset('data');
  }
}
