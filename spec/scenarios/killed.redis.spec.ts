import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DictChange, type DictState, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

type Data = Record<string, string>;

const no = (): boolean => false;

/** The server throws connections out. */
describe('a dictionary whose connections the server ends', () => {
  const options = { namespace: 'killed', maxStaleness: 1000, timeout: 20_000 };
  let server: RedisServer;
  let admin: RedisAdmin;
  let client: TestClient;
  let proxy: FaultProxy;
  let url: string;
  /** On connections of its own, through the proxy. */
  let member: NearDict<Data>;
  /** On a borrowed client. */
  let other: NearDict<Data>;
  let states: DictState[];
  beforeEach(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
    await admit('secret');
    client = await connectClient(server.url);
    proxy = await startProxy(server.port);
    url = proxy.url.replace('//', '//member:secret@');
    member = await openDict<Data>({ ...options, store: redisStore({ url }) });
    other = await openDict<Data>({ ...options, store: redisStore(client) });
    await member.setMany({ a: 'one', b: 'one' });
    await until('the other follows', async () => (await other.get('b')) === 'one');
    states = [];
    member.on('state', (now) => states.push(now));
  });
  afterEach(async () => {
    await Promise.all([member.close(), other.close()]);
    await Promise.all([client.end(), admin.end(), proxy.stop()]);
    await server.stop();
  });

  async function admit(password: string): Promise<void> {
    await admin.send('ACL', 'SETUSER', 'member', 'on', 'resetpass', `>${password}`, '~*', '&*', '+@all');
  }

  /** Both write, hear of each other and are coherent. */
  async function isWell(): Promise<void> {
    await member.set('a', 'eight');
    await until('the other follows', async () => (await other.get('a')) === 'eight');
    await other.set('a', 'nine');
    await until('the member follows', async () => (await member.get('a')) === 'nine');
    await until('both are coherent', () => member.state === 'coherent' && other.state === 'coherent');
  }

  it('by CLIENT KILL goes on, and reads are answered all the time', async () => {
    for (let round = 0; round < 5; round++) {
      await admin.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

      expect(await member.get('b', { fresh: true })).toBe('one');
      expect(await other.get('b', { fresh: true })).toBe('one');
    }

    await isWell();
  });

  it('because its output buffer is full, gets what it missed', async () => {
    await admin.send('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 256kb 256kb 1');
    expect(await member.get('b')).toBe('one');
    proxy.shape('feed', 'down', { isStalled: true });
    const [feed] = await feedsOfMember();
    const large = 'x'.repeat(100_000);

    // Faster than the member can come to doubt the silence.
    await until('the server has cut the feed', async () => {
      await Promise.all(Array.from({ length: 20 }, () => admin.send('PUBLISH', 'killed/update', large)));
      return !(await feedsOfMember()).includes(feed);
    });
    await other.set('b', 'two');
    proxy.shape('feed', 'down', {});

    await until('the member sees it', async () => (await member.get('b')) === 'two');
    await isWell();
    expect(states.at(-1)).toBe('coherent');
  });

  it('because it restarts empty, says that anything may have changed, and goes on', async () => {
    const changes: DictChange[] = [];
    member.on('change', (change) => changes.push(change));
    await admin.end();
    await server.kill();
    await until('it is noticed', () => states.length > 0);

    await server.restart();
    admin = await connectAdmin(server.url);
    await admit('secret');

    for (const handle of [member, other])
      await until('it has nothing', () => handle.get('a').then((value) => value === undefined, no));
    await isWell();
    expect(await other.getMany(['a', 'b'])).toEqual({ a: 'nine', b: undefined });
    expect(changes).toContainEqual({ type: 'resync' });
    expect(states.at(-1)).toBe('coherent');
    expect(String(await admin.send('GET', 'killed#meta'))).toContain('"protocol":1');
  });

  it('because its password has changed, says so until it has it back', async () => {
    await using hasty = await openDict<Data>({ ...options, timeout: 500, store: redisStore({ url }) });
    await admit('other');
    await admin.send('CLIENT', 'KILL', 'USER', 'member');
    await until('it is noticed', () => states.length > 0);
    await until('reads are refused', async () => {
      const error = await refusal(() => hasty.get('a', { fresh: true }));
      return error.message.includes('credentials');
    });
    await until('the member knows', () => member.state === 'offline');
    expect(states).toContain('offline');

    await admit('secret');

    await until('reads are answered', () => hasty.get('a', { fresh: true }).then(() => true, no));
    await isWell();
  });

  /** The ids of its connections for messages. */
  async function feedsOfMember(): Promise<readonly (string | undefined)[]> {
    const list = String(await admin.send('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    return list.split('\n').flatMap((line) => (line.includes('user=member') ? [line.split(' ')[0]] : []));
  }

  async function refusal(read: () => Promise<unknown>): Promise<Error> {
    const error = await read().then(
      () => new Error('It was answered.'),
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(UnavailableError);
    return error as Error;
  }
});
