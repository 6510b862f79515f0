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
  /** What was published, and the channel. */
  readonly published: string[];
  readonly removed: Subscription[];
} {
  const listening = new Set<Subscription>();
  const published: string[] = [];
  const removed: Subscription[] = [];
  const source: Pick<MessageSource, 'add' | 'remove'> = {
    add(subscription) {
      listening.add(subscription);
      subscription.failed(new Error('The first attempt to connect failed.'));
      subscription.live();
    },
    remove(subscription) {
      listening.delete(subscription);
      removed.push(subscription);
    },
  };
  const connection: Pick<Connection, 'isCluster' | 'query'> = {
    isCluster: false,
    async query([, name, mark]) {
      published.push(`${String(name)} ${String(mark)}`);
      for (const subscription of listening)
        for (const text of texts) subscription.message(Buffer.from(text), 'n#peers');
      return 2;
    },
  };
  const channel = new PeerChannel(connection as Connection, source as MessageSource, 'PUBLISH', 'n');
  return { channel, listening, published, removed };
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

describe('who answers peers', () => {
  const question = Buffer.from('0123456789ab');

  it('answers questions, and nothing else that comes on their channel', () => {
    const { channel, listening, published } = channelWith([]);
    channel.answer(() => 'here');

    for (const payload of [null, [question], Buffer.from('no mark'), question])
      for (const subscription of listening) subscription.message(payload, 'n#peers');

    expect(published).toEqual(['n#peers:0123456789ab here']);
  });

  it('is not asked again once it may not hear them, and leaves the channel once', () => {
    const { channel, listening, removed } = channelWith([]);
    channel.answer(() => 'here');
    const [subscription] = listening;

    subscription?.failed(new Error('NOPERM this user'));
    subscription?.failed(new Error('NOPERM this user'));
    channel.close();

    expect(removed).toEqual([subscription]);
  });
});
