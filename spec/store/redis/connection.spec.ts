import { describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, UnavailableError } from 'neardict';
import type { DataClient } from '../../../lib/store/redis/client.ts';
import { Connection } from '../../../lib/store/redis/connection.ts';
import { soon } from '../../../lib/testing/contract/batches.ts';

const script = { source: 'return 1', sha: 'sha' };

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
  it('with a refusal was not applied', async () => {
    const cause = new Error("OOM command not allowed when used memory > 'maxmemory'. script: ab, on @user_script:12.");
    const connection = new Connection(new FakeClient(rejecting(cause)));

    const error = await connection.run(script, [], soon()).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({ cause, isFull: true });
  });

  it('with its connection has an unknown outcome, and is not sent again', async () => {
    const cause = new Error('Socket closed unexpectedly');
    const client = new FakeClient(() => {
      client.isReady = false;
      return Promise.reject(cause);
    });

    const error = await new Connection(client).run(script, [], soon()).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(AmbiguousWriteError);
    expect((error as Error).cause).toBe(cause);
    expect(client.sent).toEqual(['EVALSHA']);
  });

  it('with no reply by the deadline has an unknown outcome', async () => {
    const connection = new Connection(new FakeClient(never));

    await expect(connection.run(script, [], performance.now() + 50)).rejects.toThrow(AmbiguousWriteError);
  });
});

const passing = [
  'LOADING Redis is loading the dataset in memory',
  'BUSY Redis is busy running a script.',
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'TRYAGAIN Multiple keys request during rehashing of slot',
  'CLUSTERDOWN The cluster is down',
];

describe.each(passing)('a server that says %j', (message) => {
  const refused = rejecting(new Error(message));
  const done: Reply = () => Promise.resolve('done');

  it('is asked again until it does what it is asked', async () => {
    const connection = new Connection(new FakeClient(refused, refused, refused, done));

    expect(await connection.run(script, [], soon())).toBe('done');
    expect(await new Connection(new FakeClient(refused, refused, done)).query(['GET', 'a'], soon())).toBe('done');
  });

  it('is asked no longer than until the deadline; the write was not applied', async () => {
    const client = new FakeClient(refused);

    const error = await new Connection(client)
      .run(script, [], performance.now() + 100)
      .catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(UnavailableError);
    expect((error as Error).cause).toEqual(new Error(message));
    expect(client.sent.length).toBeGreaterThan(1);
  });

  it('is asked once by whom nobody waits for', async () => {
    const client = new FakeClient(refused, done);

    await expect(new Connection(client).query(['GET', 'a'], soon(), true)).rejects.toThrow(UnavailableError);
    expect(client.sent).toEqual(['GET']);
  });
});

it('a command whose keys are on two servers is not sent again: each can be asked for', async () => {
  const split = new Error('TRYAGAIN Multiple keys request during rehashing of slot');
  const client = new FakeClient(rejecting(split));
  const connection = new Connection(client);
  const readings = [
    connection.queryKeys(['MGET', 'a', 'b'], soon()),
    connection.queryAll([['MGET', 'a', 'b']], soon()),
  ];

  for (const reading of readings) await expect(reading).rejects.toMatchObject({ cause: split });
  expect(client.sent).toEqual(['MGET', 'MGET']);
});

describe('a server that has become a replica', () => {
  const refused = rejecting(
    new Error("READONLY You can't write against a read only replica. script: ab, on @user_script:10."),
  );

  it('makes a borrowed client reject, with a word on what to do', async () => {
    const client = new FakeClient(refused);

    const error = await new Connection(client).run(script, [], soon()).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(UnavailableError);
    expect(String(error)).toContain('connect the client to the primary');
    expect(client.sent).toEqual(['EVALSHA']);
  });

  it('is left by a client of our own, which writes to the next one', async () => {
    const client = Object.assign(new FakeClient(refused, () => Promise.resolve('done')), {
      renewals: 0,
      renew() {
        return ++client.renewals > 0;
      },
    });

    expect(await new Connection(client).run(script, [], soon())).toBe('done');
    expect(client.renewals).toBe(1);
  });
});

describe('a reading whose connection is lost', () => {
  it('is sent again over the next one', async () => {
    const client = new FakeClient(
      () => {
        client.isReady = false;
        setImmediate(() => {
          client.isReady = true;
          client.emit();
        });
        return Promise.reject(new Error('Socket closed unexpectedly'));
      },
      () => Promise.resolve('done'),
    );

    expect(await new Connection(client).query(['GET', 'a'], soon())).toBe('done');
    expect(client.sent).toEqual(['GET', 'GET']);
  });
});

describe('a client of our own', () => {
  it('is told of each command that got no reply in time', async () => {
    const client = Object.assign(new FakeClient(never), {
      misses: 0,
      unanswered() {
        client.misses++;
      },
    });
    const connection = new Connection(client);
    const deadline = performance.now() + 50;

    await Promise.allSettled([connection.run(script, [], deadline), connection.query(['GET', 'a'], deadline, true)]);

    expect(client.misses).toBe(2);
  });

  it('says why it has no connection', async () => {
    const lastError = new Error('WRONGPASS invalid username-password pair or user is disabled.');
    const client = Object.assign(new FakeClient(never), { lastError, isReady: false });

    const error = await new Connection(client)
      .query(['GET', 'a'], performance.now() + 50)
      .catch((caught: unknown) => caught);

    expect(error).toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE', cause: lastError });
    expect(String(error)).toContain('credentials');
  });
});

describe('a script', () => {
  it('that the server does not know is sent whole', async () => {
    const client = new FakeClient(rejecting(new Error('NOSCRIPT No matching script.')), () => Promise.resolve('done'));

    expect(await new Connection(client).run(script, [], soon())).toBe('done');
    expect(client.sent).toEqual(['EVALSHA', 'EVAL']);
  });

  it('that is refused for the moment when it is sent whole is sent again', async () => {
    const client = new FakeClient(
      rejecting(new Error('NOSCRIPT No matching script.')),
      rejecting(new Error('BUSY Redis is busy running a script.')),
      rejecting(new Error('NOSCRIPT No matching script.')),
      () => Promise.resolve('done'),
    );

    expect(await new Connection(client).run(script, [], soon())).toBe('done');
    expect(client.sent).toEqual(['EVALSHA', 'EVAL', 'EVALSHA', 'EVAL']);
  });

  it('that the server denies to know even when it is sent whole is given up', async () => {
    const client = new FakeClient(rejecting(new Error('NOSCRIPT No matching script.')));

    await expect(new Connection(client).run(script, [], soon())).rejects.toThrow(UnavailableError);
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

it('a client that throws instead of rejecting makes a command reject', async () => {
  const cause = new TypeError('Invalid argument type');
  const connection = new Connection(
    new FakeClient(() => {
      throw cause;
    }),
  );

  await expect(connection.run(script, [], soon())).rejects.toMatchObject({
    code: 'ERR_NEARDICT_AMBIGUOUS_WRITE',
    cause,
  });
  await expect(connection.query(['GET', 'a'], soon())).rejects.toMatchObject({
    code: 'ERR_NEARDICT_UNAVAILABLE',
    cause,
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
