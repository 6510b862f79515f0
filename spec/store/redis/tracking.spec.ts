import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from 'neardict';
import type { OwnClient } from '../../../lib/store/redis/client.ts';
import { trackingSubscriber } from '../../../lib/store/redis/tracking.ts';
import { until } from '../../support/until.ts';

/** How tracking fails where the server, or the connection, ends its commands like this. */
async function failing(reason: Error): Promise<unknown> {
  const failures: unknown[] = [];
  const subscriber = trackingSubscriber(() => {
    const client = { connect: async () => {}, sendCommand: () => Promise.reject(reason), unref() {}, destroy() {} };
    return Object.assign(new EventEmitter(), { isReady: true, ...client }) as unknown as OwnClient;
  }, 'n/');
  const ignore = (): void => {};
  const events = { live: ignore, interrupted: ignore, message: ignore };
  subscriber.add({ channels: ['a'], ...events, failed: (error) => failures.push(error) });
  await until('it has failed', () => failures.length > 0);
  subscriber.close();
  return failures[0];
}

describe('tracking', () => {
  it.each(['NOPERM this user has no permissions', 'ERR unknown command'])(
    'that the server refuses (%s) is told of with what to do',
    async (message) => {
      const cause = new Error(message);

      const error = await failing(cause);

      expect(error).toBeInstanceOf(UnavailableError);
      expect(error).toMatchObject({ cause, message: expect.stringMatching(/'tracking' needs.*Grant the rights/) });
    },
  );

  it('that is cut off is not taken for refused', async () => {
    const lost = new Error('Socket closed unexpectedly');

    expect(await failing(lost)).toBe(lost);
  });
});
