import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CodecError, ConnectTimeoutError, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

const PASSWORD = 'hunter2-secret';

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Whatever a logger could print of an error and its causes. */
function everythingOf(error: unknown): string {
  return `${inspect(error, { depth: 20, showHidden: true, getters: true })} ${JSON.stringify(error)} ${(error as Error).stack}`;
}

let namespaces = 0;

function freshNamespace(): string {
  return `bad-${++namespaces}`;
}

describe('bad inputs on Redis', () => {
  let server: RedisServer;
  let client: TestClient;

  beforeAll(async () => {
    server = await startRedis();
    client = await connectClient(server.url);
  });
  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  function open(namespace: string): Promise<NearDict> {
    return openDict({ namespace, store: redisStore(client) });
  }

  describe.each([
    'a\r\nDEL b\r\n',
    '$5\r\nhello\r\n*1\r\n',
    'nul\0nul',
    '"quotes\' \\x00',
    '{}',
    '}{',
    '{x}y',
    '*',
    '?',
    '[a-z]',
    '^',
    '\\',
    '/update',
    '#meta',
    '#position',
    'position',
    '../x',
    'ключ 🔑',
    'k'.repeat(1024),
    '__proto__',
    'then',
  ])('the key %j on Redis', (key) => {
    it('is data like any other', async () => {
      const namespace = freshNamespace();
      await using here = await open(namespace);
      await using there = await open(namespace);
      await there.get(key);

      await here.set(key, `value of ${key}`);
      await here.set(`x${key.slice(0, 100)}`, 'neighbour');

      await until('the other has followed', async () => (await there.get(key)) === `value of ${key}`);
      expect(await here.get(key, { fresh: true })).toBe(`value of ${key}`);
      expect(await here.getMany([key])).toEqual(Object.fromEntries([[key, `value of ${key}`]]));
      expect(await here.snapshot({ prefix: key })).toEqual(Object.fromEntries([[key, `value of ${key}`]]));
      expect(await here.delete(key)).toBe(true);
      await until('the other has followed', async () => !(await there.has(key)));
      expect(await here.size()).toBe(1);
    });
  });

  describe('bytes that another program stored', () => {
    it.each([
      { what: 'text', bytes: Buffer.from('hello') },
      { what: 'nothing', bytes: Buffer.alloc(0) },
      { what: 'truncated msgpack', bytes: Buffer.from([0x82, 0xa1, 0x61, 1]) },
      { what: 'an unknown extension', bytes: Buffer.from([0xd4, 0x55, 0]) },
    ])('and are no value reject with a CodecError for their key alone: $what', async ({ bytes }) => {
      const namespace = freshNamespace();
      await using handle = await open(namespace);
      await handle.set('good', 1);
      await client.sendCommand(['SET', `${namespace}/bad`, bytes]);

      const [bad, good, missing] = await Promise.allSettled([
        handle.get('bad'),
        handle.get('good', { fresh: true }),
        handle.get('missing'),
      ]);
      const again = (await rejection(handle.get('bad'))) as CodecError;

      expect(bad).toMatchObject({ status: 'rejected', reason: { key: 'bad' } });
      expect(good).toEqual({ status: 'fulfilled', value: 1 });
      expect(missing).toEqual({ status: 'fulfilled', value: undefined });
      expect(again).toBeInstanceOf(CodecError);
      expect(handle.peek('bad')).toBeUndefined();
      await handle.set('bad', 'better');
      expect(await handle.get('bad', { fresh: true })).toBe('better');
    });

    it('under names that can not be keys are left alone, and clear() does its work', async () => {
      const namespace = freshNamespace();
      await using handle = await open(namespace);
      await handle.setMany({ a: 1, b: 2 });
      const names = [
        `${namespace}/`,
        `${namespace}/${'k'.repeat(1025)}`,
        Buffer.from([...Buffer.from(`${namespace}/`), 0xff]),
      ];
      for (const name of names) await client.sendCommand(['SET', name, 'x']);

      const size = await handle.size();
      const snapshot = await handle.snapshot();
      await handle.clear();

      expect(size).toBe(2);
      expect(snapshot).toEqual({ a: 1, b: 2 });
      expect(await handle.size()).toBe(0);
      expect(Number(await client.sendCommand(['EXISTS', ...names]))).toBe(3);
    });
  });

  describe('a wrong password', () => {
    it('is refused well within connectTimeout, and no error shows it', async () => {
      const guarded = await startRedis('--requirepass', 'the-right-one');
      try {
        const { port } = guarded;
        const startedAt = performance.now();

        const errors = await Promise.all(
          [`redis://:${PASSWORD}@127.0.0.1:${port}`, `redis://ada:${PASSWORD}@127.0.0.1:${port}`].map((url) =>
            rejection(openDict({ namespace: 'guarded', store: redisStore({ url }), connectTimeout: '50s' })),
          ),
        );
        const without = await rejection(
          openDict({ namespace: 'guarded', store: redisStore({ url: guarded.url }), connectTimeout: '50s' }),
        );

        expect(performance.now() - startedAt).toBeLessThan(40_000);
        for (const error of [...errors, without]) {
          expect(error).toBeInstanceOf(UnavailableError);
          expect(everythingOf(error)).not.toContain(PASSWORD);
        }
      } finally {
        await guarded.stop();
      }
    });
  });

  describe('a URL', () => {
    it('of nobody is a ConnectTimeoutError after connectTimeout, which shows no password', async () => {
      const gone = await startRedis();
      await gone.stop();
      const url = `redis://ada:${PASSWORD}@127.0.0.1:${gone.port}`;

      const error = await rejection(openDict({ namespace: 'nobody', store: redisStore({ url }), connectTimeout: 300 }));

      expect(error).toBeInstanceOf(ConnectTimeoutError);
      expect(everythingOf(error)).not.toContain(PASSWORD);
    });
  });
});
