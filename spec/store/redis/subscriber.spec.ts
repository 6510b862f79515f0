import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { OwnClient } from '../../../lib/store/redis/client.ts';
import { Subscriber, type SubscriberOptions } from '../../../lib/store/redis/subscriber.ts';
import type { Subscription } from '../../../lib/store/redis/subscription.ts';
import { until } from '../../support/until.ts';

type Listener = (payload: Buffer, channel: Buffer) => void;

interface Command {
  readonly name: 'subscribe' | 'unsubscribe' | 'ssubscribe' | 'sunsubscribe';
  readonly channels: readonly string[];
  confirm(): void;
  refuse(reason?: string): void;
}

/** A client whose confirmations come when the test says so. */
class FakeClient extends EventEmitter implements OwnClient {
  isOpen = false;
  isReady = false;
  isDestroyed = false;
  pings = 0;
  answersPings = true;
  refusesPings = false;
  readonly commands: Command[] = [];
  deliver: Listener = () => {};

  async connect(): Promise<void> {
    this.emit('connect');
    this.isOpen = true;
    this.isReady = true;
  }

  subscribe(channels: readonly string[], listener: Listener): Promise<void> {
    this.deliver = listener;
    return this.#command('subscribe', channels);
  }

  unsubscribe(channels: readonly string[]): Promise<void> {
    return this.#command('unsubscribe', channels);
  }

  sSubscribe(channels: readonly string[], listener: Listener): Promise<void> {
    this.deliver = listener;
    return this.#command('ssubscribe', channels);
  }

  sUnsubscribe(channels: readonly string[]): Promise<void> {
    return this.#command('sunsubscribe', channels);
  }

  destroy(): void {
    this.isDestroyed = true;
    this.isReady = false;
  }

  sendCommand(): Promise<void> {
    this.pings++;
    if (this.refusesPings) return Promise.reject(new Error('NOPERM'));
    return this.answersPings ? Promise.resolve() : new Promise(() => {});
  }

  duplicate(): never {
    throw new Error('This is the duplicate.');
  }

  unref(): void {
    // There is nothing to hold.
  }

  #command(name: Command['name'], channels: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (reason: string = 'refused'): void => {
        reject(new Error(reason));
      };
      this.commands.push({ name, channels, confirm: resolve, refuse });
    });
  }
}

function recordOn(...channels: readonly string[]): Subscription & { readonly events: string[] } {
  const events: string[] = [];
  return {
    channels,
    events,
    live: () => events.push('live'),
    interrupted: () => events.push('interrupted'),
    message: (payload) => events.push(String(payload)),
    failed: () => events.push('failed'),
  };
}

describe('the subscriber', () => {
  const clients: FakeClient[] = [];
  let subscriber: Subscriber;
  function start(options?: SubscriberOptions): void {
    clients.length = 0;
    subscriber = new Subscriber(() => {
      const client = new FakeClient();
      clients.push(client);
      return client;
    }, options);
  }
  afterEach(() => {
    subscriber.close();
  });

  /** The client in use once it has been given `count` commands. */
  async function commanded(count: number, index: number = 0): Promise<FakeClient> {
    await until('the command is sent', () => clients[index]?.commands.length === count);
    return clients[index] as FakeClient;
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const publish = (client: FakeClient, channel: string, text: string): void => {
    client.deliver(Buffer.from(text), Buffer.from(channel));
  };

  it('tells a message only after it has told that the feed is live', async () => {
    start();
    const subscription = recordOn('a');
    subscriber.add(subscription);
    const client = await commanded(1);

    publish(client, 'a', 'early');
    client.commands[0]?.confirm();
    publish(client, 'a', 'before it was told');
    await turn();
    publish(client, 'a', 'after');

    expect(subscription.events).toEqual(['live', 'after']);
  });

  it('leaves and joins a channel by one command at a time, and ends up where the last wish was', async () => {
    start();
    const [first, second, stays] = [recordOn('a'), recordOn('a'), recordOn('b')];
    subscriber.add(stays);
    subscriber.add(first);
    const client = await commanded(1);
    subscriber.remove(first);
    subscriber.add(second);
    subscriber.remove(second);
    subscriber.add(first);
    await turn();
    expect(client.commands).toHaveLength(1);

    client.commands[0]?.confirm();
    await turn();
    expect(first.events).toEqual(['live']);
    expect(client.commands).toHaveLength(1);

    subscriber.remove(first);
    subscriber.add(second);
    await turn();
    expect(client.commands.slice(1)).toMatchObject([{ name: 'unsubscribe', channels: ['a'] }]);
    expect(second.events).toEqual([]);

    client.commands[1]?.confirm();
    await commanded(3);
    expect(client.commands[2]).toMatchObject({ name: 'subscribe', channels: ['a'] });
    client.commands[2]?.confirm();
    await until('it is live', () => second.events.length > 0);
    publish(client, 'a', 'message');

    expect(second.events).toEqual(['live', 'message']);
    expect(stays.events).toEqual(['live']);
  });

  it('throws a connection away whose subscription is refused, and makes another', async () => {
    start();
    const subscription = recordOn('a');
    subscriber.add(subscription);
    (await commanded(1)).commands[0]?.refuse();

    (await commanded(1, 1)).commands[0]?.confirm();
    await until('it is live', () => subscription.events.includes('live'));

    expect(subscription.events).toEqual(['failed', 'live']);
    expect(clients[0]?.isDestroyed).toBe(true);
    expect(subscriber.lastError).toEqual(new Error('refused'));
  });

  it('asks for one subscription at a time where the user may not hear all, on the same connection', async () => {
    start();
    const [mine, yours, late] = [recordOn('a', 'b'), recordOn('b', 'c'), recordOn('d')];
    for (const each of [yours, mine]) subscriber.add(each);
    const client = await commanded(1);
    client.commands[0]?.refuse('NOPERM');
    await commanded(2);
    client.commands[1]?.refuse('NOPERM');
    await turn();
    expect([mine.events, yours.events, client.commands.length]).toEqual([['failed'], ['failed'], 2]);

    subscriber.remove(yours);
    subscriber.add(mine);
    subscriber.add(late);
    await commanded(3);
    client.commands[2]?.confirm();
    await until('all are live', () => late.events.length > 0);

    expect(client.commands.map(({ channels }) => channels.toSorted())).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['a', 'b', 'd'],
    ]);
    expect(mine.events).toEqual(['failed', 'live']);
    expect(clients).toHaveLength(1);
  });

  it.each(['error', 'end'])('takes %p of its connection for an interruption, once', async (event) => {
    start();
    const subscription = recordOn('a');
    subscriber.add(subscription);
    const client = await commanded(1);
    client.commands[0]?.confirm();
    await until('it is live', () => subscription.events.length === 1);

    client.emit(event, new Error('lost'));
    client.emit('error', new Error('lost again'));
    publish(client, 'a', 'late');

    expect(subscription.events).toEqual(['live', 'interrupted']);
    await commanded(1, 1);
    expect(clients).toHaveLength(2);
    expect(client.isDestroyed).toBe(true);
  });

  it('is silent after close, and closes a connection that is on its way', async () => {
    start();
    const subscription = recordOn('a');
    subscriber.add(subscription);
    const client = await commanded(1);
    subscriber.close();
    client.commands[0]?.confirm();
    await turn();
    client.emit('error', new Error('lost'));
    publish(client, 'a', 'late');
    await turn();

    expect(subscription.events).toEqual([]);
    expect(clients).toHaveLength(1);
    expect(client.isDestroyed).toBe(true);
  });

  it('subscribes only on a connection that was prepared, and makes another where that fails', async () => {
    const prepared: (() => void)[] = [];
    const failures = [new Error('not allowed')];
    start({
      async prepare() {
        await new Promise<void>((resolve) => prepared.push(resolve));
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
      },
    });
    const subscription = recordOn('a');
    subscriber.add(subscription);
    await until('it is being prepared', () => prepared.length === 1);
    prepared[0]?.();

    await until('another one is being prepared', () => prepared.length === 2);
    expect(clients.map((client) => client.commands.length)).toEqual([0, 0]);
    expect(clients[0]?.isDestroyed).toBe(true);
    prepared[1]?.();
    (await commanded(1, 1)).commands[0]?.confirm();
    await until('it is live', () => subscription.events.includes('live'));

    expect(subscription.events).toEqual(['failed', 'live']);
  });

  it('takes also a refusal for a sign of life', async () => {
    start({ heartbeatMs: 1 });
    const subscription = recordOn('a');
    subscriber.add(subscription);
    const client = await commanded(1);
    client.refusesPings = true;
    client.commands[0]?.confirm();
    await until('it was asked often', () => client.pings > 10);

    expect(subscription.events).toEqual(['live']);
  });

  it('replaces a connection that gives no sign of life any more, and no other', async () => {
    start({ heartbeatMs: 1 });
    const subscription = recordOn('a');
    subscriber.add(subscription);
    const client = await commanded(1);
    client.commands[0]?.confirm();
    await until('it has answered often', () => client.pings > 10);
    expect(subscription.events).toEqual(['live']);

    client.answersPings = false;
    (await commanded(1, 1)).commands[0]?.confirm();
    await until('it is live again', () => subscription.events.length === 3);

    expect(subscription.events).toEqual(['live', 'interrupted', 'live']);
    expect(client.isDestroyed).toBe(true);
    const { pings } = client;
    await until('the other one is asked', () => (clients[1]?.pings ?? 0) > 5);
    expect(client.pings).toBe(pings);
  });

  describe('of sharded channels', () => {
    it('asks for those of one subscription in a command, and leaves one after the other: a command is for one slot', async () => {
      start({ isSharded: true });
      const [one, other] = [recordOn('{1}a', '{1}b'), recordOn('{2}a', '{2}b')];
      subscriber.add(one);
      subscriber.add(other);
      const client = await commanded(1);
      for (let index = 0; index < 4; index++) {
        (await commanded(index + 1)).commands[index]?.confirm();
        await turn();
        if (index === 1) subscriber.remove(one);
      }

      expect(client.commands.map(({ name, channels }) => [name, channels])).toEqual([
        ['ssubscribe', ['{1}a', '{1}b']],
        ['ssubscribe', ['{2}a', '{2}b']],
        ['sunsubscribe', ['{1}a']],
        ['sunsubscribe', ['{1}b']],
      ]);
      expect([one.events, other.events]).toEqual([['live'], ['live']]);
    });

    it('throws the connection away when the server takes one, and says so', async () => {
      const troubles: unknown[] = [];
      start({ isSharded: true, troubled: (error) => troubles.push(error) });
      const subscription = recordOn('a');
      subscriber.add(subscription);
      const client = await commanded(1);
      client.commands[0]?.confirm();
      await until('it is live', () => subscription.events.length === 1);

      client.emit('sharded-channel-moved', 'a');
      client.emit('sharded-channel-moved', 'b');

      expect(subscription.events).toEqual(['live', 'interrupted']);
      expect(troubles).toHaveLength(1);
      (await commanded(1, 1)).commands[0]?.confirm();
      await until('it is live again', () => subscription.events.length === 3);
      expect(client.isDestroyed).toBe(true);
    });
  });
});
