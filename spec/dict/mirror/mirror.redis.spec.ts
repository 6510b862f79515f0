import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DictState, type Mirror, type NearDict, openDict, openMirror } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../../support/clients.ts';
import { startProxy } from '../../support/faultProxy.ts';
import { type RedisServer, startRedis } from '../../support/redisServer.ts';
import { until } from '../../support/until.ts';

type Settings = Record<string, unknown>;

const large = (mark: number): string => `${mark}`.padStart(1000, '.');

async function writeMuch(handle: NearDict<Settings>, signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    await handle.setMany({ [`key${round % 5000}`]: -1 - round, [`new${round % 100}`]: large(round) });
    await handle.delete(`key${(round * 7) % 5000}`);
  }
}

describe('a mirror on Redis', () => {
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

  it('loads everything and follows it, values that do not travel with their messages too', async () => {
    await using there = await openDict<Settings>({ namespace: 'follow', store: redisStore({ url: server.url }) });
    await there.setMany(Array.from({ length: 3000 }, (_, index) => [`key${index}`, index] as const));
    await using mirror = await openMirror<Settings>({ namespace: 'follow', store: redisStore(client) });
    expect(Object.keys(mirror.config)).toHaveLength(3000);
    const states: unknown[] = [];
    mirror.on('change', () => states.push([mirror.config['a'], mirror.config['b']]));

    for (let value = 1; value <= 50; value++) await there.setMany({ a: large(value), b: large(value) });
    await until('the last is shown', () => mirror.config['b'] === large(50));

    expect(states.every((state) => (state as unknown[])[0] === (state as unknown[])[1])).toBe(true);
    expect(mirror.config).toEqual(await there.snapshot());
    await there.clear();
    await until('nothing is left', () => Object.keys(mirror.config).length === 0);
  });

  it('is right although others write while it loads', async () => {
    await using there = await openDict<Settings>({ namespace: 'load', store: redisStore({ url: server.url }) });
    await there.setMany(Array.from({ length: 5000 }, (_, index) => [`key${index}`, index] as const));
    const writing = new AbortController();
    const written = writeMuch(there, writing.signal);

    const mirrors: Mirror[] = [];
    for (let count = 0; count < 5; count++) {
      mirrors.push(await openMirror<Settings>({ namespace: 'load', store: redisStore(client) }));
    }
    writing.abort();
    await written;

    const held = await there.snapshot();
    for (const mirror of mirrors) await until('it is equal', () => isDeepStrictEqual(mirror.current, held));
    expect(mirrors.map(({ config }) => Object.keys(config).length)).toEqual(
      mirrors.map(() => Object.keys(held).length),
    );
    for (const mirror of mirrors) await mirror.close();
  });

  it('follows programs that announce what they write', async () => {
    await using mirror = await openMirror<Settings>({ namespace: 'foreign', store: redisStore(client) });

    await client.sendCommand(['SET', 'foreign/a', Buffer.from([2])]);
    await client.sendCommand(['PUBLISH', 'foreign/update', 'a']);
    expect(await mirror.when('a', (value) => value === 2)).toBe(2);

    await client.sendCommand(['DEL', 'foreign/a']);
    await client.sendCommand(['PUBLISH', 'foreign/delete', 'a']);
    expect(await mirror.when('a', (value) => value === undefined)).toBeUndefined();
  });

  it('sees what programs write that announce nothing, when everything is read again', async () => {
    const cache = { maxAge: 100 };
    await using mirror = await openMirror<Settings>({ namespace: 'silent', store: redisStore(client), cache });
    mirror.config['b'] = 1;
    await mirror.handle.flush();

    await client.sendCommand(['SET', 'silent/a', Buffer.from([2])]);
    await client.sendCommand(['DEL', 'silent/b']);

    expect(await mirror.when('a', (value) => value === 2)).toBe(2);
    expect(await mirror.when('b', (value) => value === undefined)).toBeUndefined();
  });

  it('reads again only what was missed while the feed was cut', async () => {
    await using there = await openDict<Settings>({ namespace: 'cut', store: redisStore({ url: server.url }) });
    await there.setMany(Array.from({ length: 100 }, (_, index) => [`key${index}`, { index }] as const));
    const proxy = await startProxy(server.port);
    const faulty = await connectClient(proxy.url);
    const mirror = await openMirror<Settings>({ namespace: 'cut', store: redisStore(faulty) });
    const before = { ...mirror.current };
    const progress: unknown[] = [];
    mirror.on('progress', (step) => progress.push(step));

    proxy.refuse();
    proxy.reset('feed');
    await until('the mirror has noticed', () => mirror.state !== 'coherent');
    await there.setMany({ key1: 'changed' });
    await there.delete('key2');
    await proxy.accept();
    await until('the mirror is coherent', () => mirror.state === 'coherent');

    expect([mirror.config['key1'], mirror.config['key2']]).toEqual(['changed', undefined]);
    expect(progress).toEqual([]);
    expect(mirror.config['key3']).toBe(before['key3']);
    await mirror.close();
    await faulty.end();
    await proxy.stop();
  });

  it('keeps its values while Redis is gone, and repairs itself when it is back with other content', async () => {
    const own = await startRedis();
    const store = redisStore({ url: own.url });
    const mirror = await openMirror<Settings>({ namespace: 'outage', store, timeout: 500, maxStaleness: 1000 });
    await mirror.handle.setMany({ a: 1, b: { c: 2 } });
    const states: DictState[] = [];
    mirror.on('state', (now) => states.push(now));

    await own.kill();
    await until('the mirror says so', () => mirror.state === 'offline');
    expect(mirror.config).toEqual({ a: 1, b: { c: 2 } });
    await until('its age grows', () => mirror.age > 200);

    await own.restart();
    await using there = await openDict<Settings>({ namespace: 'outage', store: redisStore({ url: own.url }) });
    await there.set('a', 7);
    await until('it is coherent again', () => mirror.state === 'coherent' && mirror.config['a'] === 7);
    expect(mirror.config).toEqual({ a: 7 });
    expect(states[0]).not.toBe('coherent');
    expect(states).toContain('offline');
    expect(states.at(-1)).toBe('coherent');
    await there.close();
    await mirror.close();
    await own.stop();
  });

  it('rejects when the store can not be read, and leaves nothing behind', async () => {
    const proxy = await startProxy(server.port);
    const faulty = await connectClient(proxy.url);
    const handle = await openDict<Settings>({ namespace: 'refused', store: redisStore(faulty), timeout: 300 });
    proxy.refuse();
    proxy.reset('data');
    proxy.reset('feed');

    await expect(handle.mirror()).rejects.toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });

    await handle.close();
    await faulty.end();
    await proxy.stop();
  });

  it('sees partitions that nobody has read before', async () => {
    const store = redisStore({ url: server.url });
    await using there = await openDict<Settings>({ namespace: 'parts', store, partitions: 8 });
    await there.setMany(Array.from({ length: 100 }, (_, index) => [`key${index}`, index] as const));
    await using mirror = await openMirror<Settings>({ namespace: 'parts', store: redisStore(client), partitions: 8 });
    expect(Object.keys(mirror.config)).toHaveLength(100);

    await there.setMany(Array.from({ length: 100 }, (_, index) => [`key${index}`, -1 - index] as const));
    await there.delete('key7');

    await mirror.when('key7', (value) => value === undefined);
    await until('all is shown', () => mirror.config['key99'] === -100 && mirror.config['key50'] === -51);
    expect(mirror.config).toEqual(await there.snapshot());
    await mirror.handle.clear();
    expect(mirror.config).toEqual({});
  });

  it('starts without its server from a backup, and loads when the server is there', async () => {
    const own = await startRedis();
    const folder = await mkdtemp(join(tmpdir(), 'neardict-backup-'));
    const options = { namespace: 'away', backup: join(folder, 'backup') };
    const before = await openMirror<Settings>({ ...options, store: redisStore({ url: own.url }) });
    await before.handle.setMany({ port: 1, host: 'h' });
    await until('it is shown', () => before.config['host'] === 'h');
    await before.close();
    await own.kill();

    const store = redisStore({ url: own.url });
    const mirror = await openMirror<Settings>({ ...options, store, connectTimeout: 2000 });
    mirror.on('error', () => {});
    expect(mirror.config).toEqual({ port: 1, host: 'h' });
    expect([mirror.state, mirror.age]).toEqual(['offline', Infinity]);
    await own.restart();
    await until('the empty server is followed', () => mirror.state === 'coherent');
    expect(mirror.config).toEqual({});
    mirror.config['port'] = 2;
    await mirror.handle.flush();

    await mirror.close();
    await own.stop();
    await rm(folder, { recursive: true });
  });
});
