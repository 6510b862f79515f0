import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, FlushError, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

const errorOf = (failing: Promise<unknown>): Promise<unknown> => failing.catch((error: unknown) => error);

describe('a server that refuses', () => {
  const options = { namespace: 'refusals', maxStaleness: 1000, timeout: 20_000 };
  let server: RedisServer;
  let admin: RedisAdmin;
  let client: TestClient;
  /** On connections of its own. */
  let member: NearDict<Numbers>;
  /** On a borrowed client. */
  let other: NearDict<Numbers>;
  async function start(...args: readonly string[]): Promise<void> {
    server = await startRedis(...'--user member on >secret ~* &* +@all'.split(' '), ...args);
    admin = await connectAdmin(server.url);
    client = await connectClient(server.url);
    const url = server.url.replace('//', '//member:secret@');
    member = await openDict<Numbers>({ ...options, store: redisStore({ url }) });
    other = await openDict<Numbers>({ ...options, store: redisStore(client) });
    await member.setMany({ a: 1, b: 1 });
    await until('the other follows', async () => (await other.get('b')) === 1);
  }
  afterEach(async () => {
    await Promise.all([member.close(), other.close()]);
    await Promise.all([client.end(), admin.end()]);
    await server.stop();
  });

  /** Both write, hear of each other and are coherent. */
  async function isWell(): Promise<void> {
    await member.set('a', 8);
    await until('the other follows', async () => (await other.get('a')) === 8);
    await other.set('a', 9);
    await until('the member follows', async () => (await member.get('a')) === 9);
    await until('both are coherent', () => member.state === 'coherent' && other.state === 'coherent');
  }

  describe('while it loads its data', () => {
    beforeEach(() => start('--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'));

    it('is waited for: writes and reads are done when it has loaded', async () => {
      await member.setMany(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key ${index}`, index])));
      const states: string[] = [];
      member.on('state', (now) => states.push(now));
      await admin.send('SAVE');
      await server.restart();

      const results = await Promise.all([
        member.get('a', { fresh: true }),
        member.set('b', 2),
        other.get('b', { fresh: true }),
      ]);

      expect(results).toEqual([1, expect.any(String), expect.any(Number)]);
      await isWell();
      expect(await other.get('b')).toBe(2);
      expect(states[0]).not.toBe('coherent');
      expect(states.at(-1)).toBe('coherent');
    });
  });

  describe('while it runs a script', () => {
    beforeEach(() => start('--lua-time-limit', '50'));

    it('is waited for, or no longer than `timeout`: then the write was not applied', async () => {
      const url = server.url;
      await using hasty = await openDict<Numbers>({ ...options, timeout: 500, store: redisStore({ url }) });
      const script = errorOf(admin.send('EVAL', 'while true do end', '0'));
      await until('it says so', () =>
        client.sendCommand(['PING']).then(
          () => false,
          (error: unknown) => String(error).includes('BUSY'),
        ),
      );

      const writing = member.set('b', 2);
      const error = await errorOf(hasty.set('a', 2));

      expect(error).toBeInstanceOf(UnavailableError);
      await client.sendCommand(['SCRIPT', 'KILL']);
      await writing;
      await script;
      expect(await other.getMany(['a', 'b'])).toEqual({ a: 1, b: expect.any(Number) });
      expect(await other.get('b', { fresh: true })).toBe(2);
      await isWell();
    });
  });

  describe('what needs memory', () => {
    beforeEach(() => start());

    it('goes on deleting, also what was to be deleted in one call with a set', async () => {
      await admin.send('CONFIG', 'SET', 'maxmemory', '1');
      member.dict['a'] = 2;
      delete member.dict['b'];
      member.dict['c'] = 2;

      const error = await errorOf(member.flush());

      expect(error).toBeInstanceOf(FlushError);
      expect((error as FlushError).errors.map(({ key }) => key)).toEqual(['a', 'c']);
      for (const failure of (error as FlushError).errors) {
        expect(failure.error).toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE', isFull: true });
        expect(failure.error.message).toContain('deletes only');
      }
      expect(await member.getMany(['a', 'b', 'c'])).toEqual({ a: 1, b: undefined, c: undefined });
      await until('the other follows', async () => (await other.get('b')) === undefined);
      expect(await other.delete('a')).toBe(true);
      expect(await member.deleteMany(['a', 'b'])).toBe(0);
      await other.clear();
      await admin.send('CONFIG', 'SET', 'maxmemory', '0');
      await isWell();
    });

    it('goes on deleting with write-back, and keeps the other edits until it has room', async () => {
      const back = await openDict<Numbers>({ ...options, store: redisStore(client), write: 'back' });
      await admin.send('CONFIG', 'SET', 'maxmemory', '1');
      delete back.dict['b'];
      back.dict['c'] = 2;

      const error = await errorOf(back.flush());

      expect((error as FlushError).errors).toEqual([{ key: 'c', error: expect.objectContaining({ isFull: true }) }]);
      expect(await other.get('b', { fresh: true })).toBeUndefined();
      await admin.send('CONFIG', 'SET', 'maxmemory', '0');
      await back.close();
      expect(await other.get('c', { fresh: true })).toBe(2);
    });

    it('says so when a dictionary is opened that was never there before', async () => {
      await admin.send('CONFIG', 'SET', 'maxmemory', '1');

      const error = await errorOf(openDict({ namespace: 'new', store: redisStore(client) }));

      expect(error).toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE', isFull: true });
      await admin.send('CONFIG', 'SET', 'maxmemory', '0');
    });
  });

  describe('to write', () => {
    beforeEach(() => start());

    async function refuses(word: string): Promise<void> {
      const error = await errorOf(member.set('a', 2));
      expect(error).toBeInstanceOf(UnavailableError);
      expect(String(error)).toContain(word);
      await expect(other.delete('b')).rejects.toThrow(UnavailableError);
      expect(await member.getMany(['a', 'b'])).toEqual({ a: 1, b: 1 });
      expect(await other.get('a', { fresh: true })).toBe(1);
    }

    it('because it can not save, goes on answering reads', async () => {
      const [, folder = ''] = /"(\/[^"]*)"/.exec(JSON.stringify(await admin.send('CONFIG', 'GET', 'dir'))) ?? [];
      const inTheWay = join(folder, 'dump.rdb');
      await mkdir(inTheWay);
      await admin.send('CONFIG', 'SET', 'save', '3600 1');
      await admin.send('BGSAVE');
      await until('saving has failed', async () =>
        String(await admin.send('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
      );

      await refuses('fails to save');

      await rmdir(inTheWay);
      await admin.send('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
      await isWell();
      expect(await other.get('b')).toBe(1);
    });

    it('because it has too few replicas, goes on answering reads', async () => {
      await admin.send('CONFIG', 'SET', 'min-replicas-to-write', '1');

      await refuses('too few replicas');

      await admin.send('CONFIG', 'SET', 'min-replicas-to-write', '0');
      await isWell();
      expect(await other.get('b')).toBe(1);
    });
  });

  describe('a right in the middle of a write', () => {
    beforeEach(() => start());

    it.each(['publish', 'lpush', 'mset'])(
      'leaves its outcome unknown, and every cache repairs itself: %s',
      async (right) => {
        await admin.send('ACL', 'SETUSER', 'member', `-${right}`);

        const errors = await Promise.all([errorOf(member.set('a', 2)), errorOf(member.set('b', 2))]);

        for (const error of errors) expect(error).toBeInstanceOf(AmbiguousWriteError);
        expect(String(errors[0])).toContain('Rights in Redis');
        const stored = right === 'mset' ? { a: 1, b: 1 } : { a: 2, b: 2 };
        expect(await member.getMany(['a', 'b'])).toEqual(stored);
        for (const key of ['a', 'b'] as const) {
          await until('the other sees what is stored', async () => (await other.get(key)) === stored[key]);
        }
        expect(await other.get('a', { fresh: true })).toBe(stored.a);
        await admin.send('ACL', 'SETUSER', 'member', `+${right}`);
        await isWell();
      },
    );
  });
});
