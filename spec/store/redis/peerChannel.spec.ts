import { describe, expect, it } from '@jest/globals';
import { ClosedError } from 'neardict';
import type { Connection } from '../../../lib/store/redis/connection.ts';
import { PeerChannel } from '../../../lib/store/redis/peerChannel.ts';
import type { MessageSource } from '../../../lib/store/redis/subscriber.ts';
import type { Subscription } from '../../../lib/store/redis/subscription.ts';
import { soon } from '../../../lib/testing/contract/batches.ts';

/** A channel whose question is heard by two, one of whom answers with `texts`. */
function channelWith(texts: readonly string[]): {
  readonly channel: PeerChannel;
  readonly listening: Set<Subscription>;
} {
  const listening = new Set<Subscription>();
  const source: Pick<MessageSource, 'add' | 'remove'> = {
    add(subscription) {
      listening.add(subscription);
      subscription.failed(new Error('The first attempt to connect failed.'));
      subscription.live();
    },
    remove(subscription) {
      listening.delete(subscription);
    },
  };
  const connection: Pick<Connection, 'isCluster' | 'query'> = {
    isCluster: false,
    async query() {
      for (const subscription of listening)
        for (const text of texts) subscription.message(Buffer.from(text), 'n#peers');
      return 2;
    },
  };
  const channel = new PeerChannel(connection as Connection, source as MessageSource, 'PUBLISH', 'n');
  return { channel, listening };
}

describe('a question to peers', () => {
  it('is over when as many have answered as have heard it, and leaves nothing behind', async () => {
    const { channel, listening } = channelWith(['one', 'two']);

    expect(await channel.ask(soon())).toEqual({ answers: ['one', 'two'], heard: 2 });
    expect(listening.size).toBe(0);
  });

  it('leaves out what is too large to be an answer, and waits until the deadline for another', async () => {
    const { channel } = channelWith(['x'.repeat(100_000), 'one']);

    expect(await channel.ask(performance.now() + 100)).toEqual({ answers: ['one'], heard: 2 });
  });

  it('is not asked after close', async () => {
    const { channel } = channelWith([]);
    channel.close();

    await expect(channel.ask(soon())).rejects.toThrow(ClosedError);
  });
});
