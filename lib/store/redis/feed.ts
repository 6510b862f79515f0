import { UnavailableError } from '../../errors.ts';
import type { FeedListener } from '../store.ts';
import { decodeEnvelope, isEnvelope } from './envelope.ts';
import { isRefusal } from './failures.ts';
import type { PartitionNames } from './names.ts';
import type { Subscription } from './subscription.ts';

/** Is told how the start of a feed goes. */
export interface FeedStart {
  live(): void;
  /** Redis refuses it; trying again would not change that. */
  refused(error: UnavailableError): void;
}

/**
 * Brings what is published about a partition to its listener.
 *
 * @param needed - Channels that others listen to, without which the feed is not live.
 */
export function feed(
  { updateChannel, deleteChannel }: PartitionNames,
  listener: FeedListener,
  start: FeedStart,
  needed: readonly string[] = [],
): Subscription {
  return {
    channels: [updateChannel, deleteChannel, ...needed],
    live() {
      listener.live();
      start.live();
    },
    interrupted() {
      listener.interrupted();
    },
    message(payload, channel) {
      if (!Buffer.isBuffer(payload) || needed.includes(channel)) return;
      deliver(payload, channel === updateChannel ? 'set' : 'delete', listener);
    },
    failed(error) {
      const refusal = refusalOf(error);
      if (refusal !== undefined) start.refused(refusal);
    },
  };
}

function deliver(payload: Buffer, type: 'set' | 'delete', listener: FeedListener): void {
  if (!isEnvelope(payload)) {
    listener.foreign(payload.toString(), type);
    return;
  }
  const message = decodeEnvelope(payload);
  if (message === undefined) listener.garbled();
  else listener.message(message);
}

function refusalOf(error: unknown): UnavailableError | undefined {
  if (error instanceof UnavailableError) return error;
  if (!(error instanceof Error) || !isRefusal(error)) return undefined;
  return new UnavailableError(
    `Redis refused the connection for messages: ${error.message}. Check user and password, and grant the rights that the README names under "Rights in Redis".`,
    { cause: error },
  );
}
