import { createServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, ConnectTimeoutError, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { soon } from '../../../lib/testing/contract/batches.ts';
import { FeedRecorder } from '../../../lib/testing/contract/feedRecorder.ts';
import { openSpace } from '../../support/openSpace.ts';
import { connectAdmin, type RedisAdmin } from '../../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../../support/redisServer.ts';
import { startChild } from '../../support/runChild.ts';
import { until } from '../../support/until.ts';

const errorOf = (failing: Promise<unknown>): Promise<unknown> =>
  failing.then(
    () => {
      throw new Error('It was expected to reject.');
    },
    (error: unknown) => error,
  );

describe('a store on connections of its own', () => {
  let server: RedisServer;
  let admin: RedisAdmin;
  beforeAll(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
  });
  afterEach(() => admin.connectionsAre(0));
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  it('has two for any number of dictionaries, from the first to the last', async () => {
    const store = redisStore({ url: server.url });
    expect(await admin.connections()).toBe(0);

    const spaces = await Promise.all(Array.from({ length: 20 }, () => openSpace(store)));
    for (const space of spaces) await space.follow(0, new FeedRecorder(), soon());
    expect(await admin.connections()).toBe(2);
    expect(await admin.subscribers()).toBe(1);

    const last = spaces.pop();
    for (const space of spaces) await space.close();
    expect(await admin.connections()).toBe(2);
    await last?.set('a', '1');
    await last?.close();
    await admin.connectionsAre(0);
  });

  it('connects again when the next dictionary opens', async () => {
    const store = redisStore({ url: server.url });
    for (let round = 0; round < 3; round++) {
      const space = await openSpace(store, { namespace: 'again' });
      expect((await space.set('a', '1')).position.seq).toBe(round + 1);
      await space.close();
      await admin.connectionsAre(0);
    }
  });

  it('can open and close 50 times and leaves nothing behind', async () => {
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
    const before = sockets();
    for (let round = 0; round < 50; round++) {
      const space = await openSpace(redisStore({ url: server.url }));
      const following = space.follow(0, new FeedRecorder(), soon());
      if (round % 3 === 0) await following;
      else following.catch(() => {});
      await space.close();
    }

    await admin.connectionsAre(0);
    await until('no socket is left', () => sockets() <= before);
    expect(await admin.connections()).toBe(0);
  });

  it('leaves nothing when it is given up or closed while it opens, at whatever moment', async () => {
    const store = redisStore({ url: server.url });
    for (let round = 0; round < 30; round++) {
      const opening = openSpace(store, {}, round);
      const spaces = await Promise.allSettled([opening, openSpace(store, {}, 0)]);
      for (const space of spaces) {
        if (space.status === 'fulfilled') await space.value.close();
        else expect(space.reason).toBeInstanceOf(ConnectTimeoutError);
      }
    }
  });

  it('waits no longer for a connection than each dictionary asks', async () => {
    server.pause();
    const store = redisStore({ url: server.url });
    const patient = openSpace(store, {}, 30_000);
    const impatient = openSpace(store, {}, 100);

    await expect(impatient).rejects.toThrow(ConnectTimeoutError);

    server.resume();
    const space = await patient;
    await space.close();
  });

  it.each([{ RESP: 2 }, { RESP: 3 }, { name: 'mine' }, { pingInterval: 50 }, { socket: { connectTimeout: 1000 } }])(
    'takes options of createClient: %j',
    async (options) => {
      const space = await openSpace(redisStore({ url: server.url, ...options }));
      const feed = new FeedRecorder();
      await space.follow(0, feed, soon());
      await space.set('a', '1');
      await feed.messagesAre(1);

      expect(await space.get('a')).toBe('1');
      if ('name' in options) expect(await admin.send('CLIENT', 'LIST')).toContain('name=mine');
      await space.close();
    },
  );

  it('uses the database of the URL', async () => {
    const space = await openSpace(redisStore({ url: `${server.url}/5` }));
    await space.set('a', '1');
    await space.close();

    await admin.send('SELECT', '5');
    expect(await admin.send('EXISTS', `${space.namespace}/a`)).toBe(1);
    await admin.send('SELECT', '0');
  });

  it('lets the process end while it tries to reach a server that is gone', async () => {
    const other = await startRedis();
    const child = startChild('stayOpen.js', 'ending', JSON.stringify({ url: other.url }));
    await child.message();
    await other.kill();
    child.process.send('end');
    // It closes nothing but its channel; a timer of a reconnection would keep it.
    const { code } = await child.ended;
    await other.stop();

    expect(code).toBe(0);
  });
});

describe('a URL', () => {
  it.each([
    'http://user:s3cret@host:6379',
    's3cret',
    'redis//user:s3cret@host',
    'redis://user:s3cret@host:port',
    'redis://user:s3cret@host:6379/database',
    'redis://user:s3cret%@host:6379',
    'redis://us%er:s3cret@host:6379',
    'redis://user:s3cret@host:99999',
    '',
    undefined,
    null,
    6379,
    new URL('redis://user:s3cret@host'),
  ])('that is wrong is refused at once, without being repeated: %p', (url) => {
    const make = (): unknown => redisStore({ url } as never);

    expect(make).toThrow(ConfigError);
    const error = (() => {
      try {
        return make();
      } catch (caught) {
        return caught;
      }
    })();
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret@');
    expect((error as Error).message).toContain("'url'");
    expect((error as Error).message).not.toContain('s3cret');
    expect((error as Error).cause).toBeUndefined();
  });

  it('goes with no legacyMode', () => {
    expect(() => redisStore({ url: 'redis://127.0.0.1', legacyMode: true })).toThrow(ConfigError);
  });
});

describe('with a password', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis('--requirepass', 'right');
  });
  afterAll(() => server.stop());

  const at = (credentials: string): string => server.url.replace('//', `//${credentials}`);

  it('opens', async () => {
    await using handle = await openDict<{ a: number }>({ namespace: 'a', store: redisStore({ url: at(':right@') }) });
    await handle.set('a', 1);
    expect(await handle.get('a')).toBe(1);
  });

  it.each([':wr0ng@', 'nobody:wr0ng@', ''])('that is not right (%j), openDict rejects quickly', async (credentials) => {
    const started = performance.now();

    const error = await errorOf(openDict({ namespace: 'a', store: redisStore({ url: at(credentials) }) }));

    expect(error).toBeInstanceOf(UnavailableError);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(inspect(error, { depth: 10 })).not.toContain('wr0ng');
    const admin = await connectAdmin(at(':right@'));
    await admin.connectionsAre(0);
    await admin.end();
  });

  it('that is not right, the same store can be tried again', async () => {
    const admin = await connectAdmin(at(':right@'));
    const store = redisStore({ url: at('late:pass@') });
    await expect(openSpace(store)).rejects.toThrow(UnavailableError);

    await admin.send('ACL', 'SETUSER', 'late', 'on', '>pass', '~*', '&*', '+@all');
    const space = await openSpace(store);

    await space.close();
    await admin.end();
  });
});

describe('with no server', () => {
  function listen(onSocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
    return new Promise((resolve) => {
      const server = createServer(onSocket);
      server.listen(0, '127.0.0.1', () => {
        resolve({ server, port: (server.address() as { port: number }).port });
      });
    });
  }
  const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  const resources = (): string[] => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));

  it('on a closed port, openDict rejects by connectTimeout, says why, and gives up', async () => {
    const { server, port } = await listen(() => {});
    await close(server);
    const store = redisStore({ url: `redis://127.0.0.1:${port}` });
    const started = performance.now();

    const error = await errorOf(openDict({ namespace: 'a', store, connectTimeout: 500 }));

    expect(error).toBeInstanceOf(ConnectTimeoutError);
    expect(performance.now() - started).toBeGreaterThanOrEqual(500);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(error).toMatchObject({ message: expect.stringContaining('within connectTimeout (ECONNREFUSED)') });
    expect((error as Error).cause).toMatchObject({ code: 'ECONNREFUSED' });
    await until('nothing is left', () => resources().length === 0);

    let attempts = 0;
    const watch = createServer((socket) => {
      attempts++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => watch.listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(attempts).toBe(0);
    await close(watch);
  });

  it('on a port that accepts and never answers, openDict rejects by connectTimeout and leaves no socket', async () => {
    const sockets = new Set<Socket>();
    const { server, port } = await listen((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
      socket.resume();
    });
    const store = redisStore({ url: `redis://127.0.0.1:${port}` });

    await expect(openDict({ namespace: 'a', store, connectTimeout: 300 })).rejects.toThrow(ConnectTimeoutError);

    await until('no connection is left', () => sockets.size === 0);
    await close(server);
    await until('nothing is left', () => resources().length === 0);
  });

  it('on a port that hangs up at once, openDict rejects by connectTimeout and leaves no socket', async () => {
    let attempts = 0;
    const sockets = new Set<Socket>();
    const { server, port } = await listen((socket) => {
      attempts++;
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
      socket.resume().end();
    });
    const store = redisStore({ url: `redis://127.0.0.1:${port}` });

    await expect(openDict({ namespace: 'a', store, connectTimeout: 1000 })).rejects.toThrow(ConnectTimeoutError);

    expect(attempts).toBeGreaterThan(1);
    expect(attempts).toBeLessThan(40);
    await until('no connection is left', () => sockets.size === 0);
    await close(server);
    await until('nothing is left', () => resources().length === 0);
  });

  it('that starts while openDict waits, it opens', async () => {
    const server = await startRedis();
    await server.kill();
    const opening = openSpace(redisStore({ url: server.url }));
    await server.restart();

    const space = await opening;

    expect((await space.set('a', '1')).position.seq).toBe(1);
    await space.close();
    await server.stop();
  });
});
