import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redial, type RedialListener } from '../../../lib/store/redis/redial.ts';
import { turn } from '../../support/openInMemory.ts';
import { StubClient } from '../../support/stubClient.ts';

/** A client that connects when the test says so. */
class FakeClient extends StubClient {
  isDestroyed = false;
  accept!: () => void;
  refuse!: (error: Error) => void;
  readonly #connected = new Promise<void>((resolve, reject) => {
    this.accept = () => {
      this.emit('connect');
      this.isReady = !this.isDestroyed;
      resolve();
    };
    this.refuse = reject;
  });

  connect(): Promise<void> {
    return this.#connected;
  }

  override destroy(): void {
    super.destroy();
    this.isDestroyed = true;
  }

  async sendCommand(): Promise<void> {}
}

describe('a connection that comes back', () => {
  const clients: FakeClient[] = [];
  let heard: string[];
  let redial: Redial;
  function start(listener: Partial<RedialListener> = {}): FakeClient {
    clients.length = 0;
    heard = [];
    redial = new Redial(
      () => {
        const client = new FakeClient();
        clients.push(client);
        return client;
      },
      { opened: () => heard.push('opened'), lost: () => heard.push('lost'), ...listener },
    );
    redial.start();
    return clients[0] as FakeClient;
  }
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    redial.close();
    jest.useRealTimers();
  });
  /** Longer than the first wait before another attempt. */
  async function aWhile(): Promise<void> {
    await turn();
    await jest.advanceTimersByTimeAsync(150);
  }

  it('is made once, however often it is started', async () => {
    const client = start();
    redial.start();
    client.accept();
    await turn();
    redial.start();

    expect([redial.client, clients.length, heard]).toEqual([client, 1, ['opened']]);
  });

  it('is thrown away without being told of when it comes about after close', async () => {
    const client = start();
    redial.close();

    client.accept();
    await aWhile();

    expect(client.isDestroyed).toBe(true);
    expect([redial.client, clients.length, heard]).toEqual([undefined, 1, []]);
  });

  it('is not told of when it breaks while it is prepared, but made anew', async () => {
    const reason = new Error('Socket closed unexpectedly');
    const failures: unknown[] = [];
    const client = start({
      async prepare(prepared) {
        if (prepared !== client) return;
        client.isReady = false;
        client.emit('error', reason);
      },
      failed: (error) => failures.push(error),
    });
    client.accept();
    await aWhile();

    expect([client.isDestroyed, clients.length, heard, failures]).toEqual([true, 2, [], [reason]]);
    clients[1]?.accept();
    await turn();
    expect(redial.client).toBe(clients[1]);
  });

  it.each(['lost', 'failed'] as const)(
    'is not made again when whoever hears that it has %s closes it',
    async (event) => {
      const client = start({
        [event]() {
          heard.push(event);
          redial.close();
        },
      });
      if (event === 'lost') {
        client.accept();
        await turn();
        client.emit('error', new Error('Socket closed unexpectedly'));
      } else client.refuse(new Error('ECONNREFUSED'));
      await turn();

      expect(heard.at(-1)).toBe(event);
      // The one of the deadline ends by itself.
      await jest.advanceTimersByTimeAsync(30);
      expect(jest.getTimerCount()).toBe(0);
      await aWhile();
      expect(clients).toHaveLength(1);
    },
  );

  it('is lost once, though the client tells of it twice', async () => {
    const client = start();
    client.accept();
    await turn();
    client.emit('error', new Error('Socket closed unexpectedly'));
    client.emit('end');
    await aWhile();

    expect(clients).toHaveLength(2);
    expect(heard).toEqual(['opened', 'lost']);
    expect(client.isDestroyed).toBe(true);
  });
});
