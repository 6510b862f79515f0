import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { startProxy } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

describe('following on Redis', () => {
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

  /** How often the server has run a command since it started. */
  async function calls(command: string): Promise<number> {
    const info = String(await client.sendCommand(['INFO', 'commandstats']));
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
  }

  it('asks once for a missing key that a thousand readers want at the same time', async () => {
    await using handle = await openDict<Numbers>({ namespace: 'stampede', store: redisStore(client) });
    const before = await calls('mget');

    await Promise.all(Array.from({ length: 1000 }, async () => handle.reads['nobody']));

    expect((await calls('mget')) - before).toBe(1);
  });

  it('joins a read that is under way, also from a later turn', async () => {
    await using handle = await openDict<Numbers>({ namespace: 'joining', store: redisStore(client) });
    const before = await calls('mget');

    const first = handle.get('nobody');
    await new Promise((resolve) => setImmediate(resolve));
    const second = handle.get('nobody');
    await Promise.all([first, second]);

    expect((await calls('mget')) - before).toBe(1);
  });

  it('sends the reads of one tick in a few commands', async () => {
    await using handle = await openDict<Numbers>({ namespace: 'reads', store: redisStore(client) });
    const before = await calls('mget');

    await Promise.all(Array.from({ length: 10_000 }, async (_, index) => handle.reads[`key${index}`]));

    expect((await calls('mget')) - before).toBeLessThanOrEqual(10);
  });

  it('sends the writes of one tick in a few calls, and lets the loop turn between them', async () => {
    await using handle = await openDict<Numbers>({ namespace: 'writes', store: redisStore(client) });
    await handle.set('key0', 0);
    const before = { evalsha: await calls('evalsha'), publish: await calls('publish') };
    for (let index = 0; index < 10_000; index++) handle.dict[`key${index}`] = index;
    let turns = 0;
    const turning = setInterval(() => turns++, 0);
    await handle.flush();
    clearInterval(turning);

    expect((await calls('publish')) - before.publish).toBe(10);
    expect((await calls('evalsha')) - before.evalsha).toBe(10);
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(await handle.size()).toBe(10_000);
  });

  it('follows a program that writes the key itself and publishes its bare name', async () => {
    await using handle = await openDict<Numbers>({ namespace: 'foreign', store: redisStore(client) });
    handle.dict['a'] = 1;
    await handle.flush();
    expect(await handle.reads['a']).toBe(1);

    await client.sendCommand(['SET', 'foreign/a', Buffer.from([2])]);
    await client.sendCommand(['PUBLISH', 'foreign/update', 'a']);

    await until('the key is dropped', () => handle.peek('a') === undefined);
    expect(await handle.reads['a']).toBe(2);

    await client.sendCommand(['DEL', 'foreign/a']);
    await client.sendCommand(['PUBLISH', 'foreign/delete', 'a']);
    await until('the key is dropped again', () => handle.peek('a') === undefined);
    expect(await handle.reads['a']).toBeUndefined();
  });

  it('stores plain msgpack under the documented names', async () => {
    await using handle = await openDict({ namespace: 'names', store: redisStore(client) });
    handle.dict['a'] = { b: [1, 'two', null] };
    await handle.flush();

    const raw: unknown = await client.sendCommand(['GET', 'names/a'], {
      returnBuffers: true,
      typeMapping: { 36: Buffer },
    });
    expect(raw).toEqual(Buffer.from([0x81, 0xa1, 0x62, 0x93, 0x01, 0xa3, 0x74, 0x77, 0x6f, 0xc0]));
    const keys = (await client.sendCommand(['KEYS', 'names*'])) as string[];
    expect(keys.map(String).toSorted()).toEqual(['names#log', 'names#meta', 'names#position', 'names/a']);
  });

  it('sees a write that was made while its connection for messages was cut', async () => {
    await using reader = await openDict<Numbers>({ namespace: 'cut', store: redisStore(client) });
    await using writer = await openDict<Numbers>({ namespace: 'cut', store: redisStore({ url: server.url }) });
    await writer.set('a', 1);
    expect(await reader.get('a')).toBe(1);

    for (let value = 2; value < 7; value++) {
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'PUBSUB']);
      await writer.set('a', value);
      await until('the reader sees it', async () => (await reader.get('a')) === value);
    }
    await until('the dictionary is coherent again', () => reader.state === 'coherent');
  });

  it('serves from memory and drops nothing while the feed is late but intact', async () => {
    const proxy = await startProxy(server.port);
    const slow = await connectClient(proxy.url);
    await using reader = await openDict<Numbers>({ namespace: 'late', store: redisStore(slow) });
    await using writer = await openDict<Numbers>({ namespace: 'late', store: redisStore(client) });
    const keys = Array.from({ length: 100 }, (_, index) => `key${index}`);
    await writer.setMany(keys.map((key) => [key, 0] as const));
    await reader.getMany(keys);
    proxy.shape('feed', 'down', { delayMs: 1500 });

    let reads = 0;
    const deadline = performance.now() + 8000;
    const before = reader.stats();
    while (performance.now() < deadline) {
      writer.dict[keys[reads % 100] ?? ''] = reads;
      await reader.getMany(keys);
      reads++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }

    const { hits, misses, repairs } = reader.stats();
    expect(repairs).toBe(before.repairs);
    expect((hits - before.hits) / (hits + misses - before.hits - before.misses)).toBeGreaterThan(0.9);
    await reader.close();
    await slow.end();
    await proxy.stop();
  });
});
