import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../../support/clients.ts';
import { connectAdmin, type RedisAdmin } from '../../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../../support/redisServer.ts';
import { startProxy, type FaultProxy } from '../../support/faultProxy.ts';
import { until } from '../../support/until.ts';

describe('a process that was cut off from the feed', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let admin: RedisAdmin;
  let client: TestClient;
  let writer: NearDict<Record<string, number>>;
  let reader: NearDict<Record<string, number>>;
  let namespace: string;
  const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);

  beforeAll(async () => {
    server = await startRedis();
    proxy = await startProxy(server.port);
    admin = await connectAdmin(server.url);
    client = await connectClient(server.url);
  });
  afterAll(async () => {
    await client.end();
    await admin.end();
    await proxy.stop();
    await server.stop();
  });
  beforeEach(async () => {
    namespace = `log-${randomUUID()}`;
    writer = await openDict({ namespace, store: redisStore(client) });
    // A reader whose feed can be cut, while its commands pass.
    reader = await openDict({ namespace, store: redisStore({ url: proxy.url }), maxStaleness: '1m' });
    await writer.setMany(Object.fromEntries(keys.map((key) => [key, 0])));
    await until('the reader holds all keys', async () => {
      await reader.getMany(keys);
      return cachedKeys().length === keys.length;
    });
  });

  function cachedKeys(): string[] {
    return keys.filter((key) => reader.peek(key) !== undefined);
  }

  async function cutOffWhile(act: () => Promise<unknown>): Promise<void> {
    const suspect = new Promise((resolve) => reader.once('state', resolve));
    proxy.refuse();
    proxy.reset('feed');
    await suspect;
    await act();
    await proxy.accept();
    await until('the reader follows again', () => reader.state === 'coherent');
  }

  async function close(): Promise<void> {
    await Promise.all([reader.close(), writer.close()]);
  }

  it('drops nothing when nothing was missed', async () => {
    await cutOffWhile(async () => {});

    expect(cachedKeys()).toEqual(keys);
    expect(reader.stats().repairs).toBe(0);
    await close();
  });

  it('drops the keys that were missed, and no others', async () => {
    const missed = ['key 3', 'key 5', 'key 8'];
    const resyncs: unknown[] = [];
    reader.on('change', ({ type }) => type === 'resync' && resyncs.push(type));
    await cutOffWhile(async () => {
      await writer.set('key 3', 1);
      await writer.setMany({ 'key 5': 1, 'key 8': 1 });
    });

    expect(cachedKeys()).toEqual(keys.filter((key) => !missed.includes(key)));
    expect(await reader.getMany(missed)).toEqual({ 'key 3': 1, 'key 5': 1, 'key 8': 1 });
    expect(reader.stats().repairs).toBe(1);
    expect(resyncs).toHaveLength(1);
    await close();
  });

  it('drops everything when it missed more than the log holds', async () => {
    await cutOffWhile(async () => {
      for (let index = 0; index < 400; index++) await writer.set('other', index);
    });

    expect(cachedKeys()).toEqual([]);
    await close();
  });

  it.each([
    ['deleted', () => admin.send('DEL', `${namespace}#log`)],
    ['of another type', () => admin.send('SET', `${namespace}#log`, 'x')],
    ['overwritten', () => admin.send('LSET', `${namespace}#log`, '0', 'x')],
  ])('drops everything when the log was %s, and writes go on', async (_, damage) => {
    await cutOffWhile(async () => {
      await writer.set('key 3', 1);
      await damage();
      await writer.set('key 5', 1);
    });

    expect(cachedKeys()).toEqual([]);
    await cutOffWhile(() => writer.set('key 8', 1));
    expect(await reader.get('key 8')).toBe(1);
    expect(await admin.send('TYPE', `${namespace}#log`)).toBe('list');
    await close();
  });
});
