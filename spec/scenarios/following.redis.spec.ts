import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type Place, places } from '../support/places.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

describe.each(places)('following on %s', (_name, start) => {
  let place: Place;
  let client: Awaited<ReturnType<Place['connect']>>;
  beforeAll(async () => {
    place = await start();
    client = await place.connect();
  });
  afterAll(async () => {
    await client.end();
    await place.stop();
  });

  /** How often the servers have run a command since they started. */
  async function calls(command: string): Promise<number> {
    const infos = await place.sendAll('INFO', 'commandstats');
    const pattern = new RegExp(`cmdstat_${command}:calls=(\\d+)`);
    return infos.reduce<number>((sum, info) => sum + Number(pattern.exec(String(info))?.[1] ?? 0), 0);
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

    expect((await calls('mget')) - before).toBeLessThanOrEqual(Math.max(10, place.partitions));
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

    const wanted = Math.max(10, place.partitions);
    expect((await calls('publish')) - before.publish).toBe(wanted);
    expect((await calls('evalsha')) - before.evalsha).toBe(wanted);
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(await handle.size()).toBe(10_000);
  });

  it('follows a program that writes the key itself and publishes its bare name', async () => {
    await using handle = await openDict<Numbers>({ namespace: 'foreign', store: redisStore(client) });
    handle.dict['a'] = 1;
    await handle.flush();
    expect(await handle.reads['a']).toBe(1);

    const names = place.startOf('foreign', 'a');
    await place.send('SET', `${names}/a`, Buffer.from([2]).toString());
    await place.send('PUBLISH', `${names}/update`, 'a');

    await until('the key is dropped', () => handle.peek('a') === undefined);
    expect(await handle.reads['a']).toBe(2);

    await place.send('DEL', `${names}/a`);
    await place.send('PUBLISH', `${names}/delete`, 'a');
    await until('the key is dropped again', () => handle.peek('a') === undefined);
    expect(await handle.reads['a']).toBeUndefined();
  });

  it('stores plain msgpack under the documented names', async () => {
    await using handle = await openDict({ namespace: 'names', store: redisStore(client) });
    handle.dict['a'] = { b: [1, 'two', null] };
    await handle.flush();

    const names = place.startOf('names', 'a');
    expect(await place.bytesAt(`${names}/a`)).toEqual(
      Buffer.from([0x81, 0xa1, 0x62, 0x93, 0x01, 0xa3, 0x74, 0x77, 0x6f, 0xc0]),
    );
    const keys = (await place.sendAll('KEYS', 'names*')).flat().map(String);
    expect(keys.toSorted()).toEqual(['names#meta', `${names}#log`, `${names}#position`, `${names}/a`].toSorted());
  });

  it('sees a write that was made while its connection for messages was cut', async () => {
    await using reader = await openDict<Numbers>({ namespace: 'cut', store: redisStore(client) });
    await using writer = await openDict<Numbers>({ namespace: 'cut', store: redisStore(place.source) });
    await writer.set('a', 1);
    expect(await reader.get('a')).toBe(1);

    for (let value = 2; value < 7; value++) {
      await place.sendAll('CLIENT', 'KILL', 'TYPE', 'PUBSUB');
      await writer.set('a', value);
      await until('the reader sees it', async () => (await reader.get('a')) === value);
    }
    await until('the dictionary is coherent again', () => reader.state === 'coherent');
  });

  it('serves from memory and drops nothing while the feed is late but intact', async () => {
    const proxied = await place.proxied();
    // However slow the machine is: a feed that is later than maxStaleness is rightly not served from.
    const reader = await openDict<Numbers>({
      namespace: 'late',
      store: redisStore(proxied.source),
      maxStaleness: '1m',
      verifyInterval: '1s',
    });
    await using writer = await openDict<Numbers>({ namespace: 'late', store: redisStore(client) });
    const keys = Array.from({ length: 100 }, (_, index) => `key${index}`);
    await writer.setMany(keys.map((key) => [key, 0] as const));
    await reader.getMany(keys);
    for (const proxy of proxied.proxies) proxy.shape('feed', 'down', { delayMs: 1500 });

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
    await proxied.stop();
  });
});
