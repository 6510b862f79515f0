import { describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, UnavailableError } from 'neardict';
import type { DataClient } from '../../../lib/store/redis/client.ts';
import { Connection } from '../../../lib/store/redis/connection.ts';
import { soon } from '../../support/batches.ts';

const script = { source: 'return 1', sha: 'sha' };

class ClientClosedError extends Error {}
class ClientOfflineError extends Error {}
class AbortError extends Error {}
class DisconnectsClientError extends Error {}
class SocketClosedUnexpectedlyError extends Error {}
class TimeoutError extends Error {}

type Reply = () => Promise<unknown>;

/** A client that answers each command with the next of `replies`, and stays at the last. */
class FakeClient implements DataClient {
  isOpen = true;
  isReady = true;
  readonly sent: string[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #replies: Reply[];

  constructor(...replies: Reply[]) {
    this.#replies = replies;
  }

  sendCommand(args: readonly string[]): Promise<unknown> {
    this.sent.push(String(args[0]));
    const reply = this.#replies.length > 1 ? this.#replies.shift() : this.#replies[0];
    return reply?.() ?? new Promise(() => {});
  }

  on(_event: string, listener: () => void): void {
    this.#listeners.push(listener);
  }

  off(_event: string, listener: () => void): void {
    this.#listeners.splice(this.#listeners.indexOf(listener), 1);
  }

  emit(): void {
    for (const listener of this.#listeners) listener();
  }

  get listeners(): number {
    return this.#listeners.length;
  }
}

function rejecting(error: unknown): Reply {
  return async () => {
    throw error;
  };
}
const never: Reply = () => new Promise(() => {});

describe('a write that fails', () => {
  it.each([
    "READONLY You can't write against a read only replica. script: ab, on @user_script:10.",
    'MOVED 1234 127.0.0.1:7000',
    'ASK 1234 127.0.0.1:7000',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN The cluster is down',
    'LOADING Redis is loading the dataset in memory',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'NOSCRIPT No matching script. Please use EVAL.',
    "OOM command not allowed when used memory > 'maxmemory'. script: ab, on @user_script:12.",
    'NOREPLICAS Not enough good replicas to write.',
    'MISCONF Redis is configured to save RDB snapshots',
    'NOAUTH Authentication required.',
    "NOPERM this user has no permissions to run the 'evalsha' command",
    'WRONGPASS invalid username-password pair or user is disabled.',
    'WRONGTYPE Operation against a key holding the wrong kind of value script: ab, on @user_script:2.',
    'NDCORRUPT the position key does not hold a position',
    'The queue is full',
  ])('with %j was not applied', async (message) => {
    const connection = new Connection(new FakeClient(rejecting(new Error(message))));

    const error = await connection.run(script, [], soon()).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(UnavailableError);
    expect((error as Error).cause).toEqual(new Error(message));
  });

  it.each([
    new ClientClosedError('The client is closed'),
    new ClientOfflineError('The client is offline'),
    new AbortError('The command was aborted'),
  ])('with %p was not applied', async (cause) => {
    const connection = new Connection(new FakeClient(rejecting(cause)));

    await expect(connection.run(script, [], soon())).rejects.toThrow(UnavailableError);
  });

  it.each([
    new SocketClosedUnexpectedlyError('Socket closed unexpectedly'),
    new DisconnectsClientError('Disconnects client'),
    new TimeoutError('Timeout'),
    new Error('read ECONNRESET'),
    new Error('ERR Error running script (call to f_ab): @user_script:20: too many results to unpack'),
    new Error('NOPERM User nd has no permissions to access one of the channels. script: ab, on @user_script:30.'),
    new Error('ERR The user executing the script can not run this command or subcommand'),
    new Error('READONLYISH is no code'),
    new Error('something about OOM in the middle'),
    new TypeError('a bug of a client'),
  ])('with %p has an unknown outcome', async (cause) => {
    const connection = new Connection(new FakeClient(rejecting(cause)));

    const error = await connection.run(script, [], soon()).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(AmbiguousWriteError);
    expect((error as Error).cause).toBe(cause);
  });

  it('with something that is no error has an unknown outcome', async () => {
    const client = new FakeClient(rejecting('text'));

    await expect(new Connection(client).run(script, [], soon())).rejects.toThrow(AmbiguousWriteError);
  });

  it('with no reply by the deadline has an unknown outcome', async () => {
    const connection = new Connection(new FakeClient(never));

    await expect(connection.run(script, [], performance.now() + 50)).rejects.toThrow(AmbiguousWriteError);
  });
});

describe('a script', () => {
  it('that the server does not know is sent whole', async () => {
    const client = new FakeClient(rejecting(new Error('NOSCRIPT No matching script.')), () => Promise.resolve('done'));

    expect(await new Connection(client).run(script, [], soon())).toBe('done');
    expect(client.sent).toEqual(['EVALSHA', 'EVAL']);
  });

  it('is not sent again after its deadline, when it could overtake a later write', async () => {
    let reject!: (error: Error) => void;
    const client = new FakeClient(
      () =>
        new Promise((_resolve, onError) => {
          reject = onError;
        }),
    );
    const running = new Connection(client).run(script, [], performance.now() + 30);
    await expect(running).rejects.toThrow(AmbiguousWriteError);

    reject(new Error('NOSCRIPT No matching script.'));
    await new Promise((resolve) => setImmediate(resolve));

    expect(client.sent).toEqual(['EVALSHA']);
  });

  it('is not left to a client that has lost its connection', async () => {
    const client = new FakeClient(() => {
      client.isReady = false;
      return Promise.reject(new Error('NOSCRIPT No matching script.'));
    });

    await expect(new Connection(client).run(script, [], soon())).rejects.toThrow(UnavailableError);
    expect(client.sent).toEqual(['EVALSHA']);
  });
});

describe('a client that is not ready', () => {
  function offline(): FakeClient {
    const client = new FakeClient(() => Promise.resolve('done'));
    client.isReady = false;
    return client;
  }

  it('is given nothing: commands end by their deadline, certainly not applied', async () => {
    const client = offline();
    const connection = new Connection(client);
    const deadline = performance.now() + 50;

    await expect(connection.run(script, [], deadline)).rejects.toThrow(UnavailableError);
    await expect(connection.query(['GET', 'a'], deadline)).rejects.toThrow(UnavailableError);
    client.isReady = true;
    client.emit();

    expect(client.sent).toEqual([]);
  });

  it('is given the commands that still wait when it is ready', async () => {
    const client = offline();
    const connection = new Connection(client);
    const results = [connection.run(script, [], soon()), connection.query(['GET', 'a'], soon())];
    client.emit();
    expect(client.sent).toEqual([]);

    client.isReady = true;
    client.emit();

    expect(await Promise.all(results)).toEqual(['done', 'done']);
  });

  it('makes them reject at once when it is closed', async () => {
    const client = offline();
    const running = new Connection(client).run(script, [], soon());
    client.isOpen = false;
    client.emit();

    await expect(running).rejects.toThrow(UnavailableError);
  });
});

it('a connection that is released leaves no listener', () => {
  const client = new FakeClient(never);
  const connection = new Connection(client);
  expect(client.listeners).toBe(2);

  connection.release();

  expect(client.listeners).toBe(0);
});

describe('a reading that fails', () => {
  it.each(['Socket closed unexpectedly', 'OOM', 'ERR unknown command', 'The queue is full'])(
    'with %j rejects with UnavailableError',
    async (message) => {
      const cause = new Error(message);
      const error = await new Connection(new FakeClient(rejecting(cause)))
        .query(['GET', 'a'], soon())
        .catch((caught: unknown) => caught);

      expect(error).toBeInstanceOf(UnavailableError);
      expect((error as Error).cause).toBe(cause);
    },
  );

  it('rejects by its deadline with UnavailableError', async () => {
    const connection = new Connection(new FakeClient(never));

    await expect(connection.query(['GET', 'a'], performance.now() + 50)).rejects.toThrow(UnavailableError);
  });
});
