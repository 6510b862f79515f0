import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type DictChange, type NearDict, openDict, type OpenOptions, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

/** A small number as the default codec stores it. */
const stored = (value: number): Buffer => Buffer.from([value]);

describe('tracking', () => {
  let server: RedisServer;
  let admin: RedisAdmin;
  /** A program without this library. */
  let foreign: TestClient;
  let client: TestClient;
  let handles: NearDict<Numbers>[];
  beforeAll(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
    foreign = await connectClient(server.url);
  });
  beforeEach(async () => {
    client = await connectClient(server.url);
    handles = [];
  });
  afterEach(async () => {
    for (const handle of handles) await handle.close();
    await client.end();
    await admin.connectionsAre(1);
    await admin.send('FLUSHALL');
  });
  afterAll(async () => {
    await foreign.end();
    await admin.end();
    await server.stop();
  });

  const send = (...args: readonly (string | Buffer)[]): Promise<unknown> => foreign.sendCommand([...args]);

  async function open(options: Partial<OpenOptions> = {}): Promise<NearDict<Numbers>> {
    const defaults = { namespace: 'near', store: redisStore(client), tracking: true };
    const handle = await openDict<Numbers>({ ...defaults, ...options });
    handles.push(handle);
    return handle;
  }

  /** Opens with `a` = 1 and `b` missing, both cached. */
  async function openCached(options: Partial<OpenOptions> = {}): Promise<NearDict<Numbers>> {
    await send('SET', 'near/a', stored(1));
    const handle = await open(options);
    await until('both are cached', async () => {
      const { misses } = handle.stats();
      expect([await handle.get('a'), await handle.get('b')]).toEqual([1, undefined]);
      return handle.stats().misses === misses;
    });
    return handle;
  }

  const sees = (handle: NearDict<Numbers>, key: string, value: number | undefined): Promise<void> =>
    until(`${key} is ${value}`, async () => (await handle.get(key)) === value);

  function changesOf(handle: NearDict<Numbers>): DictChange[] {
    const changes: DictChange[] = [];
    handle.on('change', (change) => changes.push(change));
    return changes;
  }

  /** Waits until everything that happened so far has been heard, and takes it out of the list. */
  async function heard(changes: DictChange[]): Promise<readonly DictChange[]> {
    const isMark = (change: DictChange): boolean => 'key' in change && change.key === 'mark';
    await send('SET', 'near/mark', stored(1));
    await until('the mark is heard', () => changes.some(isMark));
    return changes.splice(0).filter((change) => !isMark(change));
  }

  describe('sees at once what another program does', () => {
    it.each<[string, string, number | undefined, (readonly (string | Buffer)[])[]]>([
      ['SET', 'a', 2, [['SET', 'near/a', stored(2)]]],
      ['SET of a key that was missing', 'b', 2, [['SET', 'near/b', stored(2)]]],
      ['DEL', 'a', undefined, [['DEL', 'near/a']]],
      ['RENAME, of the key that goes', 'a', undefined, [['RENAME', 'near/a', 'near/b']]],
      ['RENAME, of the key that comes', 'b', 1, [['RENAME', 'near/a', 'near/b']]],
      ['expiry', 'a', undefined, [['PEXPIRE', 'near/a', '20']]],
      ['a transaction', 'b', 3, [['MULTI'], ['SET', 'near/a', stored(2)], ['SET', 'near/b', stored(3)], ['EXEC']]],
      ['FLUSHALL', 'a', undefined, [['FLUSHALL']]],
      ['FLUSHDB', 'a', undefined, [['FLUSHDB', 'ASYNC']]],
    ])('%s', async (_, key, value, commands) => {
      const handle = await openCached();
      await Promise.all(commands.map((command) => send(...command)));
      await expect(sees(handle, key, value)).resolves.toBeUndefined();
    });

    it('eviction', async () => {
      await send('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
      const handle = await openCached();
      await send('EXPIRE', 'near/a', '1000');
      await sees(handle, 'a', 1);

      await send('CONFIG', 'SET', 'maxmemory', '1');

      try {
        await expect(sees(handle, 'a', undefined)).resolves.toBeUndefined();
      } finally {
        await send('CONFIG', 'SET', 'maxmemory', '0');
      }
    });

    it('also through a client made from a URL', async () => {
      const handle = await openCached({ store: redisStore({ url: server.url }) });
      await send('SET', 'near/a', stored(2));
      await expect(sees(handle, 'a', 2)).resolves.toBeUndefined();
    });
  });

  describe('tells of a change once', () => {
    it('when this process, another one or a foreign program makes it', async () => {
      const handle = await open();
      const other = await open({ store: redisStore(foreign) });
      const changes = changesOf(handle);

      const version = await handle.set('own', 1);
      const otherVersion = await other.set('other', 2);
      await other.delete('other');
      await other.delete('never there');
      await send('SET', 'near/foreign', stored(3));

      expect(await heard(changes)).toEqual([
        { type: 'set', key: 'own', version, local: true },
        { type: 'set', key: 'other', version: otherVersion, local: false },
        { type: 'delete', key: 'other', version: null, local: false },
        { type: 'delete', key: 'never there', version: null, local: false },
        { type: 'set', key: 'foreign', version: undefined, local: false },
      ]);
    });

    it('when a foreign program also announces it', async () => {
      const changes = changesOf(await open());
      await send('SET', 'near/a', stored(1));
      await send('PUBLISH', 'near/update', 'a');

      expect(await heard(changes)).toEqual([{ type: 'set', key: 'a', version: undefined, local: false }]);
    });

    it('when everything is cleared', async () => {
      const handle = await openCached();
      const changes = changesOf(handle);
      await handle.setMany({ c: 1, d: 2 });
      await heard(changes);

      await handle.clear();

      expect(await heard(changes)).toEqual([{ type: 'clear', local: true }]);
    });

    it('and of FLUSHALL as a resync', async () => {
      const changes = changesOf(await openCached());
      await send('FLUSHALL');
      await until('it is told', () => changes.length > 0);
      expect(changes).toContainEqual({ type: 'resync' });
    });

    it('so that a watcher gets the value that a foreign program has set or deleted', async () => {
      const handle = await openCached();
      const watched = handle.watch('a');
      const next = async (): Promise<unknown> => ((await watched.next()) as IteratorYieldResult<unknown>).value;
      const first = next();
      await send('SET', 'near/a', stored(2));
      expect(await first).toEqual({ type: 'set', value: 2 });

      const second = next();
      await send('DEL', 'near/a');
      expect(await second).toEqual({ type: 'delete', value: undefined });
      await watched.return?.();
    });
  });

  it('costs one read of a key after each write of it, and no more', async () => {
    const handle = await openCached();
    const other = await open({ store: redisStore(foreign) });
    const changes = changesOf(handle);
    await other.set('a', 2);
    await heard(changes);
    const { misses } = handle.stats();

    for (let round = 0; round < 20; round++) expect(await handle.get('a')).toBe(2);
    expect(handle.stats().misses).toBe(misses + 1);

    await handle.set('a', 3);
    await heard(changes);
    for (let round = 0; round < 20; round++) expect(await handle.get('a')).toBe(3);
    expect(handle.stats().misses).toBe(misses + 2);
  });

  it.each([
    ['before', 5],
    ['after', 9],
  ])('is not misled by a foreign change right %s one of ours', async (order, last) => {
    const handle = await openCached();
    const other = await open({ store: redisStore(foreign), tracking: false });
    // Its first write asks for its rights first.
    await other.set('a', 5);
    const setForeign = (): Promise<unknown> => send('SET', 'near/a', stored(9));
    for (let round = 0; round < 100; round++) {
      await handle.get('a');
      // Over one connection, in one turn of the server: it reports both as one.
      const ours = other.set('a', 5);
      const theirs =
        order === 'before' ? setForeign() : new Promise((resolve) => process.nextTick(resolve, 0)).then(setForeign);
      const reads = Array.from({ length: 3 }, () =>
        new Promise((resolve) => setImmediate(resolve)).then(() => handle.get('a')),
      );
      await Promise.all([ours, theirs, ...reads]);
      await expect(sees(handle, 'a', last)).resolves.toBeUndefined();
    }
  });

  describe('that loses its connection', () => {
    let proxy: FaultProxy;
    let viaProxy: TestClient;
    beforeEach(async () => {
      proxy = await startProxy(server.port);
      viaProxy = await connectClient(proxy.url);
    });
    afterEach(async () => {
      for (const handle of handles) await handle.close();
      await viaProxy.end();
      await proxy.stop();
    });

    it('has missed nothing of what happened meanwhile', async () => {
      const handle = await openCached({ store: redisStore(viaProxy) });
      const changes = changesOf(handle);
      proxy.refuse();
      proxy.reset('feed');
      await until('the loss is noticed', () => handle.state === 'suspect');
      await send('SET', 'near/a', stored(2));
      await send('DEL', 'near/a');
      await send('SET', 'near/b', stored(3));

      await proxy.accept();

      await until('it is coherent', () => handle.state === 'coherent');
      expect([await handle.get('a'), await handle.get('b')]).toEqual([undefined, 3]);
      expect(changes).toContainEqual({ type: 'resync' });
    });

    it('notices it also where nothing says so', async () => {
      const handle = await openCached({ store: redisStore(viaProxy) });
      expect(proxy.lose('feed', 'down')).toBe(1);
      await send('SET', 'near/a', stored(2));

      await until('it is replaced', () => proxy.connections('feed') === 1);
      await until('it is coherent', () => handle.state === 'coherent');
      expect(await handle.get('a')).toBe(2);
    });
  });

  it.each([
    ['its type', async () => ['TYPE', 'pubsub']],
    ['its id', async () => ['ID', /id=(\d+) .* sub=[1-9]/.exec(String(await send('CLIENT', 'LIST')))?.[1] ?? '']],
  ])('survives that its connection is killed by %s', async (_, filter) => {
    const handle = await openCached();
    const kill = ['CLIENT', 'KILL', ...(await filter())];
    const [killed] = await Promise.all([send(...kill), send('SET', 'near/a', stored(2))]);
    expect(String(killed)).toMatch(/^(OK|1)$/);

    await sees(handle, 'a', 2);
    await until('it is coherent', () => handle.state === 'coherent');
    await send('SET', 'near/a', stored(3));
    await sees(handle, 'a', 3);
  });

  it('is a matter of each dictionary, whichever share a client', async () => {
    const tracking = await openCached();
    const twin = await openCached();
    const plain = await openCached({ tracking: false });
    const neighbour = await open({ namespace: 'near.by' });
    const changes = changesOf(neighbour);
    expect(await admin.subscribers()).toBe(4);

    await send('SET', 'near/a', stored(2));
    await sees(tracking, 'a', 2);
    await sees(twin, 'a', 2);
    expect(plain.peek('a')).toBe(1);

    await twin.close();
    await admin.connectionsAre(5);
    await send('SET', 'near/a', stored(3));
    await sees(tracking, 'a', 3);
    await plain.set('a', 4);
    await sees(tracking, 'a', 4);
    await send('SET', 'near.by/a', stored(1));
    await until('the neighbour hears of its own', () => changes.length > 0);
    expect(changes).toEqual([{ type: 'set', key: 'a', version: undefined, local: false }]);
  });

  it('hears of each partition that is read', async () => {
    const partitions = 16;
    const handle = await open({ partitions });
    const other = await open({ partitions, tracking: false });
    const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
    await other.setMany(keys.map((key, index) => [key, index] as const));
    const names = (await send('KEYS', 'near{*}/*')) as readonly string[];
    expect(names).toHaveLength(keys.length);
    await until('all are cached', async () => {
      const { misses } = handle.stats();
      await handle.getMany(keys);
      return handle.stats().misses === misses;
    });

    await Promise.all(names.map((name) => send('SET', name, stored(99))));

    await until('all are seen', async () => Object.values(await handle.getMany(keys)).every((value) => value === 99));
    expect(await admin.subscribers()).toBe(2);
  });

  it('leaves values out of messages unless told otherwise', async () => {
    const plain = await openCached({ tracking: false });
    const changes = changesOf(plain);
    const silent = await open();
    await silent.set('a', 2);
    await until('it is announced', () => changes.length === 1);
    expect(plain.peek('a')).toBeUndefined();

    const generous = await open({ inlineBytes: 256 });
    expect(await plain.get('a')).toBe(2);
    await generous.set('a', 3);
    await until('it is announced', () => changes.length === 2);
    expect(plain.peek('a')).toBe(3);
  });

  it('opens no connection without a cache, and tells of changes with the smallest', async () => {
    const before = await admin.connections();
    await expect(open({ cache: false })).rejects.toThrow(/'tracking' needs a cache/);
    expect(await admin.connections()).toBe(before);

    const handle = await open({ cache: { maxItems: 1 } });
    const changes = changesOf(handle);
    await send('SET', 'near/a', stored(1));
    expect(await heard(changes)).toEqual([{ type: 'set', key: 'a', version: undefined, local: false }]);
    expect(await handle.get('a')).toBe(1);
  });

  describe('of a user with few rights', () => {
    const plain = '+get +mget +set +eval +evalsha +publish +subscribe +unsubscribe +ping +hello +auth +client|setname';
    const channels = '&near/* &__redis__:invalidate';
    async function openAs(rights: string): Promise<NearDict<Numbers>> {
      const fixed = ['SETUSER', 'limited', 'reset', 'on', '>secret', '~near/*', '~near#*'];
      await admin.send('ACL', ...fixed, ...rights.split(' '));
      return open({ store: redisStore({ url: `redis://limited:secret@127.0.0.1:${server.port}` }) });
    }

    it('needs what README says', async () => {
      const handle = await openAs(`${plain} +client|id +client|tracking ${channels}`);
      await send('SET', 'near/a', stored(1));
      await until('it is seen', async () => (await handle.get('a')) === 1);
      expect(handle.state).toBe('coherent');
    });

    it.each([
      ['the command CLIENT ID', `${plain} +client|tracking ${channels}`],
      ['the command CLIENT TRACKING', `${plain} +client|id ${channels}`],
      ['the channel of invalidations', `${plain} +client|id +client|tracking &near/*`],
    ])('says what to do where %s is missing, at once', async (_, rights) => {
      const before = performance.now();
      await expect(openAs(rights)).rejects.toThrow(UnavailableError);
      await expect(openAs(rights)).rejects.toThrow('README');
      expect(performance.now() - before).toBeLessThan(9000);
    });
  });
});
