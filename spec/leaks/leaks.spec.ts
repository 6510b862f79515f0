import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { measure } from './measure.ts';

const MB = 1024 * 1024;
const TIMEOUT_MS = 500_000;
/** Much less than any table needs to remember a key. */
const BYTES_PER_KEY = 40;

interface Operations {
  readonly growth: number;
  readonly hitRate: number;
}

interface DistinctKeys {
  readonly growth: number;
  readonly abortListeners: number;
}

interface Unread {
  readonly bytesPerValue: number;
  /** Cached values that are the new ones. */
  readonly following: number;
}

interface Traces {
  readonly before: object;
  readonly after: object;
  readonly growth: number;
}

describe('memory and connections', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  describe.each([
    { place: 'in memory', operations: 1_000_000, keys: 1_000_000, source: (): string[] => [] },
    { place: 'on Redis', operations: 300_000, keys: 400_000, source: (): string[] => [sourceOf(server)] },
  ])('of a dictionary $place', ({ operations, keys, source }) => {
    it(
      `do not grow in ${operations} operations`,
      async () => {
        const { growth, hitRate } = await measure<Operations>('operations.js', String(operations), ...source());

        expect(growth).toBeLessThan(3 * MB);
        expect(hitRate).toBeGreaterThan(0.65);
      },
      TIMEOUT_MS,
    );

    it(
      `do not grow with ${keys} keys that pass`,
      async () => {
        const { growth, abortListeners } = await measure<DistinctKeys>('distinctKeys.js', String(keys), ...source());

        expect(growth / (keys / 2)).toBeLessThan(BYTES_PER_KEY);
        // The watcher's.
        expect(abortListeners).toBe(1);
      },
      TIMEOUT_MS,
    );
  });

  describe.each(['redis', 'redis-v5', 'redis-v6'])('with a client of %s', (packageName) => {
    it(
      'are as before after a thousand dictionaries that were opened, used and closed',
      async () => {
        const { before, after, growth } = await measure<Traces>('openAndClose.js', server.url, packageName);

        expect(after).toEqual(before);
        expect(growth).toBeLessThan(3 * MB);
      },
      TIMEOUT_MS,
    );

    it(
      'are as before after a thousand feeds that were cut and made again',
      async () => {
        const { before, after, growth } = await measure<Traces>('reconnects.js', server.url, packageName);

        expect(after).toEqual(before);
        expect(growth).toBeLessThan(3 * MB);
      },
      TIMEOUT_MS,
    );
  });

  it(
    'of cached values that nobody reads hold nothing of the messages that they came in',
    async () => {
      const { bytesPerValue, following } = await measure<Unread>('unread.js', sourceOf(server));

      expect(following).toBe(300);
      expect(bytesPerValue).toBeLessThan(5000);
    },
    TIMEOUT_MS,
  );
});

/** What a store on the server is made of. */
function sourceOf({ url }: RedisServer): string {
  return JSON.stringify({ url });
}
