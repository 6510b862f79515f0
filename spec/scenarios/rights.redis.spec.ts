import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DictChange, type NearDict, openDict, type Store, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

/** The lines of the README that give users their rights. */
async function usersOfReadme(): Promise<readonly string[][]> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  return [...readme.matchAll(/^user (.*)$/gm)].map(([, line = '']) => line.split(' '));
}

describe('the rights that the README gives', () => {
  const options = { namespace: 'settings', maxStaleness: 1000, timeout: 20_000 };
  let server: RedisServer;
  let admin: RedisAdmin;
  let writer: NearDict<Numbers>;
  let reader: NearDict<Numbers>;
  beforeEach(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
    for (const words of await usersOfReadme())
      await admin.send('ACL', 'SETUSER', ...words, ...(await rightsOfVersion()));
    writer = await openDict<Numbers>({ ...options, store: redisStore({ url: urlOf('writer') }) });
    reader = await openDict<Numbers>({ ...options, store: redisStore({ url: urlOf('reader') }) });
  });
  afterEach(async () => {
    await Promise.all([reader.close(), writer.close()]);
    await admin.end();
    await server.stop();
  });

  /** What a client asks of a server from Redis 7.2 on, which older ones do not know. */
  async function rightsOfVersion(): Promise<readonly string[]> {
    const commands = (await admin.send('COMMAND', 'INFO', 'client|setinfo')) as readonly unknown[];
    return commands[0] === null ? [] : ['+client|setinfo'];
  }

  const urlOf = (user: string): string => server.url.replace('//', `//${user}:SECRET@`);

  /** What the server has denied, an entry each. */
  const denials = async (): Promise<string[]> =>
    ((await admin.send('ACL', 'LOG')) as unknown[]).map((entry) => JSON.stringify(entry));

  /** Without those of scripts for the reader, who has tried one: to write, or to load many entries sooner. */
  const denialsBesideScripts = async (): Promise<string[]> =>
    (await denials()).filter((entry) => !/"evalsha"/.test(entry) || !/"reader"/.test(entry));

  it('are enough for everything that a reader and a writer do', async () => {
    const changes: DictChange[] = [];
    reader.on('change', (change) => changes.push(change));
    const watched = reader.watch('a');

    await writer.set('a', 1);
    writer.dict['b'] = 2;
    await writer.flush();
    await writer.setMany({ c: 3, d: 4 });
    expect(await writer.delete('d')).toBe(true);
    expect(await writer.deleteMany(['b', 'nobody'])).toBe(1);

    await until('the reader follows', async () => (await reader.get('c')) === 3 && !(await reader.has('d')));
    expect((await watched.next()).value).toEqual({ type: 'set', value: 1 });
    await watched.return?.();
    expect(await reader.getMany(['a', 'b', 'c'])).toEqual({ a: 1, b: undefined, c: 3 });
    expect(await reader.getEntry('a')).toMatchObject({ value: 1 });
    expect(await reader.get('a', { fresh: true })).toBe(1);
    expect(await reader.size()).toBe(2);
    expect(await reader.snapshot()).toEqual({ a: 1, c: 3 });
    expect(changes.length).toBeGreaterThanOrEqual(5);

    await until('both are found', async () => (await writer.peers()).length === 2);
    expect(await reader.peers()).toHaveLength(2);

    const mirror = await reader.mirror();
    expect({ ...mirror.config }).toEqual({ a: 1, c: 3 });
    await mirror.close();
    await writer.clear();
    await until('the reader follows', async () => (await reader.get('a')) === undefined);
    expect(await denialsBesideScripts()).toEqual([]);
  });

  it('are enough for borrowed clients, to repair what was missed and to start again', async () => {
    const clients = await Promise.all([connectClient(urlOf('writer')), connectClient(urlOf('reader'))]);
    const [to, from] = (await Promise.all(
      clients.map((client) => openDict<Numbers>({ ...options, store: redisStore(client) })),
    )) as [NearDict<Numbers>, NearDict<Numbers>];
    await to.set('a', 1);
    await until('the reader follows', async () => (await from.get('a')) === 1);

    await admin.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await to.setMany({ a: 2, b: 2 });
    await until('the reader sees it', async () => (await from.get('a')) === 2);
    await admin.send('FLUSHALL');
    await admin.send('SCRIPT', 'FLUSH');
    await until('the reader sees it', async () => (await from.get('a')) === undefined);
    await to.set('a', 3);
    await until('the reader sees it', async () => (await from.get('a')) === 3);

    await Promise.all([to.close(), from.close()]);
    await Promise.all(clients.map((client) => client.end()));
    // One that only reads may find no record of the layout, and tries to make it: once.
    expect((await denials()).filter((entry) => !/"set"/.test(entry) || !/"reader"/.test(entry))).toEqual([]);
  });

  it('keep a reader from writing, with an error that names what is missing', async () => {
    await writer.set('a', 1);

    const errors = await Promise.all(
      [reader.set('a', 2), reader.delete('a'), reader.clear()].map((write) => write.catch((error: unknown) => error)),
    );

    for (const error of errors) {
      expect(error).toBeInstanceOf(UnavailableError);
      expect(String(error)).toMatch(/NOPERM.*evalsha.*Rights in Redis/);
    }
    expect(await reader.get('a', { fresh: true })).toBe(1);
    await reader.close();
    expect(await denialsBesideScripts()).toEqual([]);
  });

  it('keep both from everything else', async () => {
    for (const user of ['writer', 'reader']) {
      const client = await connectClient(urlOf(user));
      for (const command of [
        ['GET', 'other/a'],
        ['PUBLISH', 'other/update', 'a'],
        ['SUBSCRIBE', 'settings/other'],
        ['KEYS', '*'],
        ['FLUSHALL'],
        ['CONFIG', 'GET', '*'],
        ['ACL', 'LIST'],
      ]) {
        await expect(client.sendCommand(command)).rejects.toThrow(/NOPERM/);
      }
      await client.end();
    }
    expect(await writer.get('a')).toBeUndefined();
  });

  it.each([
    ['&settings/delete', ['resetchannels', '&settings/update'], /PUBLISH settings\/delete/],
    ['+publish', ['-publish'], /PUBLISH settings\/update, PUBLISH settings\/delete/],
    ['+lpush and +ltrim', ['-lpush', '-ltrim'], /LPUSH settings#log, LTRIM settings#log/],
  ])('are looked at before the first write does anything: without %s', async (_name, words, missing) => {
    await using late = await openDict<Numbers>({ ...options, store: redisStore({ url: urlOf('writer') }) });
    await admin.send('ACL', 'SETUSER', 'writer', ...words);

    const error = await late.set('a', 1).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(UnavailableError);
    expect(String(error)).toMatch(missing);
    expect(await admin.send('EXISTS', 'settings#position', 'settings/a')).toBe(0);
    await admin.send('ACL', 'SETUSER', 'writer', '+publish', '+lpush', '+ltrim', '&settings/delete');
    await late.set('a', 1);
    await until('the reader follows', async () => (await reader.get('a')) === 1);
  });

  it.each([
    ['&settings/delete', ['resetchannels', '&settings/update'], 'connection for messages'],
    ['+get', ['-get'], "'get'"],
    ['the keys', ['resetkeys', '%R~settings/*'], 'keys'],
  ])('are needed to open it: without %s openDict rejects at once', async (_name, words, what) => {
    await admin.send('ACL', 'SETUSER', 'reader', ...words);

    const opening = openDict({ ...options, connectTimeout: 60_000, store: redisStore({ url: urlOf('reader') }) });

    const error = await opening.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(String(error)).toMatch(/NOPERM.*Rights in Redis/);
    expect(String(error)).toContain(what);
  });
});

describe('the right to hear one of two namespaces on one connection', () => {
  const options = { maxStaleness: 1000, timeout: 20_000 };
  let server: RedisServer;
  let admin: RedisAdmin;
  let client: TestClient;
  let store: Store;
  let writer: NearDict<Numbers>;
  let member: NearDict<Numbers>;
  let changes: DictChange[];
  beforeEach(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
    client = await connectClient(server.url);
    writer = await openDict<Numbers>({ ...options, namespace: 'mine', store: redisStore(client) });
    await admit('&mine/*', '&yours/*');
    store = redisStore({ url: server.url.replace('//', '//member:SECRET@') });
    member = await openDict<Numbers>({ ...options, namespace: 'mine', store });
    changes = [];
    member.on('change', (change) => changes.push(change));
  });
  afterEach(async () => {
    await Promise.all([member.close(), writer.close()]);
    await Promise.all([client.end(), admin.end()]);
    await server.stop();
  });

  async function admit(...channels: readonly string[]): Promise<void> {
    const rights = ['on', '>SECRET', '~*', '+@all', 'resetchannels', ...channels];
    await admin.send('ACL', 'SETUSER', 'member', ...rights);
  }

  /** The ids of the member's connections for messages. */
  async function feeds(): Promise<readonly (string | undefined)[]> {
    const list = String(await admin.send('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    return list.split('\n').flatMap((line) => (line.includes('user=member') ? [line.split(' ')[0]] : []));
  }

  async function follows(): Promise<void> {
    await until('the member is told', async () => {
      await writer.set('a', 1);
      return changes.some(({ type }) => type === 'set');
    });
  }

  it('is missed by this one alone, also when it is taken away, and until it is given back', async () => {
    await using other = await openDict<Numbers>({ ...options, namespace: 'yours', store });
    const states: string[] = [];
    other.on('state', (now) => states.push(now));
    await follows();
    const [feed] = await feeds();

    await admit('&mine/*');
    await until('the server has ended the connection', async () => !(await feeds()).includes(feed));
    changes.length = 0;

    await follows();
    await until('the member is coherent', () => member.state === 'coherent');
    expect([other.state, states]).toEqual(['suspect', ['suspect']]);

    const [next] = await feeds();
    await admit('&mine/*', '&yours/*');
    await until('the other is coherent', () => other.state === 'coherent');
    expect(await feeds()).toEqual([next]);
  });

  it('is missed when this one is opened, and the other goes on as if nothing had happened', async () => {
    await admit('&mine/*');
    await follows();
    const before = await feeds();

    const opening = openDict({ ...options, namespace: 'yours', store, connectTimeout: 60_000 });

    await expect(opening).rejects.toThrow(/NOPERM.*Rights in Redis/);
    expect(await feeds()).toEqual(before);
    changes.length = 0;
    await follows();
    expect(member.stats()).toMatchObject({ gaps: 0, repairs: 0 });
  });
});
