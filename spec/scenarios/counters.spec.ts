import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { startChild } from '../support/runChild.ts';

const PROCESSES = 8;
const UPDATES = 1000;
const FAULTS = 24;
/** Eight processes share what the machine has. */
const TIMEOUT_MS = 240_000;

describe('eight processes that each add one a thousand times to ten counters', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });

  /** Runs them and returns the sum of the counters and the number of updates of unknown outcome. */
  async function count(
    namespace: string,
    url: string,
    disturb: (over: Promise<unknown>) => Promise<void> = async () => {},
  ): Promise<{ readonly sum: number; readonly unknown: number }> {
    const children = Array.from({ length: PROCESSES }, () => startChild('count.js', namespace, url, String(UPDATES)));
    await Promise.all(children.map((child) => child.message()));
    for (const child of children) child.process.send('go');
    const ends = Promise.all(children.map((child) => child.ended));
    const [results] = await Promise.all([ends, disturb(ends)]);
    expect(results.map(({ code }) => code)).toEqual(results.map(() => 0));
    await using handle = await openDict<Record<string, number>>({ namespace, store: redisStore({ url: server.url }) });
    const counters = Object.values(await handle.snapshot()).map(Number);
    expect(counters).toHaveLength(10);
    return {
      sum: counters.reduce((sum, n) => sum + n, 0),
      unknown: results.reduce((sum, { output }) => sum + Number(output), 0),
    };
  }

  it(
    'end at exactly eight thousand',
    async () => {
      expect(await count('counters', server.url)).toEqual({ sum: PROCESSES * UPDATES, unknown: 0 });
    },
    TIMEOUT_MS,
  );

  it(
    'end there also when connections break and replies are lost, because an update recognises itself',
    async () => {
      const proxy = await startProxy(server.port);
      const { sum, unknown } = await count('counters-of-chaos', proxy.url, (over) => breakConnections(proxy, over));
      await proxy.stop();

      expect(proxy.counts.replyLost).toBeGreaterThan(FAULTS / 2);
      expect(sum).toBeGreaterThanOrEqual(PROCESSES * UPDATES - unknown);
      expect(sum).toBeLessThanOrEqual(PROCESSES * UPDATES);
      expect(unknown).toBeLessThan(FAULTS);
    },
    TIMEOUT_MS,
  );
});

/** Each fault waits for an update that gets through, so it is the processes that set the pace. */
async function breakConnections(proxy: FaultProxy, over: Promise<unknown>): Promise<void> {
  for (let fault = 0; fault < FAULTS; fault++) {
    await Promise.race([proxy.loseReply('EVALSHA'), over]);
    if (fault % 3 === 0) proxy.reset('data');
  }
}
