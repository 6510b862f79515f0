import { UnavailableError } from '../../errors.ts';
import { COMMAND_OPTIONS, type OwnClient } from './client.ts';
import type { MakeClient } from './ownedClient.ts';
import { Subscriber } from './subscriber.ts';

/**
 * What makes a client of node-redis 4, 5 and 6 alike here: in RESP3 invalidations are no messages, version 4 has no
 * RESP3, and 6 refuses RESP2 unless its maintenance notifications are off.
 */
const CLIENT_OPTIONS: object = { RESP: 2, maintNotifications: 'disabled' };

/** How often the connection is asked for a sign of life, in milliseconds: no position shows that it missed something. */
const HEARTBEAT_MS = 1000;

/**
 * A connection that hears messages, and what the server notices of keys with a prefix.
 *
 * It is not shared: once it has subscribed, it can't track anything else.
 */
export function trackingSubscriber(makeClient: MakeClient, keyPrefix: string): Subscriber {
  return new Subscriber(() => makeClient(CLIENT_OPTIONS), {
    prepare: (client) => enableTracking(client, keyPrefix),
    heartbeatMs: HEARTBEAT_MS,
  });
}

/** The connection sends what it tracks to itself, which the server does only if it has not subscribed before. */
async function enableTracking(client: OwnClient, keyPrefix: string): Promise<void> {
  try {
    const id = String(await client.sendCommand(['CLIENT', 'ID'], COMMAND_OPTIONS));
    const words = ['ON', 'REDIRECT', id, 'BCAST', 'PREFIX', keyPrefix];
    await client.sendCommand(['CLIENT', 'TRACKING', ...words], COMMAND_OPTIONS);
  } catch (error) {
    throw isErrorReply(error) ? refusal(error) : error;
  }
}

function isErrorReply(error: unknown): error is Error {
  return error instanceof Error && /^(NOPERM|ERR)\b/.test(error.message);
}

function refusal(cause: Error): UnavailableError {
  return new UnavailableError(
    `Redis refused what the option 'tracking' needs: ${cause.message}. Grant the rights that README names under tracking, or open the dictionary without it.`,
    { cause },
  );
}
