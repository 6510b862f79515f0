import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type Place, places, type ProxiedPlace } from '../support/places.ts';
import { runChild, startChild } from '../support/runChild.ts';

describe.each(places)('a process with an open dictionary on %s', (_name, start) => {
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

  it('that ends without close() exits by itself, after its last write has arrived', async () => {
    const { code, output } = await runChild('writeAndEnd.js', 'ending', JSON.stringify(place.source));

    expect({ code, output }).toEqual({ code: 0, output: '' });
    await using handle = await openDict<{ last: string }>({ namespace: 'ending', store: redisStore(client) });
    expect(await handle.dict.last).toBe('words');
  });

  describe('whose feed does not come', () => {
    let proxied: ProxiedPlace;
    beforeEach(async () => {
      proxied = await place.proxied();
    });
    afterEach(() => proxied.stop());

    it('exits by itself while another partition waits for it', async () => {
      const child = startChild('readElsewhere.js', 'elsewhere', JSON.stringify(proxied.source));
      await child.message();
      for (const proxy of proxied.proxies) {
        proxy.shape('feed', 'down', { isStalled: true });
        proxy.refuse();
      }
      child.process.send('read');

      expect(await child.ended).toEqual({ code: 0, output: '100\n' });
    });

    it('is kept until openDict has said so', async () => {
      for (const proxy of proxied.proxies) void proxy.loseMessage('feed');

      const end = await runChild('openOnly.js', 'silent', JSON.stringify(proxied.source), '1000');

      expect(end).toEqual({ code: 0, output: 'ERR_NEARDICT_CONNECT_TIMEOUT\n' });
    });
  });

  it('takes a blocked event loop under a flood of messages for what it is, and for no fork', async () => {
    await using handle = await openDict({ namespace: 'flood', store: redisStore(client), partitions: 1 });
    const writer = startChild('writeFast.js', 'flood', JSON.stringify(place.source));
    await writer.message();
    const deadline = performance.now() + 30_000;
    for (let round = 0; round < 10 || handle.stats().messages < 2000; round++) {
      if (performance.now() > deadline) throw new Error('The flood was too thin to show anything.');
      await handle.getMany(['key1', 'key2', 'key3']);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      await new Promise((resolve) => setImmediate(resolve));
    }
    writer.process.send('stop');
    const { code } = await writer.ended;

    expect(code).toBe(0);
    expect(handle.stats()).toMatchObject({ gaps: 0, repairs: 0 });
  });
});

it('a process with an open dictionary on the memory store exits by itself too', async () => {
  expect(await runChild('writeAndEnd.js', 'ending')).toEqual({ code: 0, output: '' });
});

describe.each(places)('without %s', (_name, start) => {
  it('looking at a dictionary asks nothing and leaves no rejection behind', async () => {
    const place = await start();
    const child = startChild('look.js', 'looking', JSON.stringify(place.source));
    await child.message();
    await place.stop();
    child.process.send('look');
    const { code, output } = await child.ended;

    expect(output.trim()).toBe(
      JSON.stringify({
        seen: [true, '{"dict":{}}', '[NearDict looking]', true, true, 0, 'object', 'DataCloneError'],
        failed: 'ERR_NEARDICT_UNAVAILABLE',
        misses: 1,
      }),
    );
    expect(code).toBe(0);
  });

  it('openDict rejects within connectTimeout, and reads reject by their deadline', async () => {
    const place = await start();
    const client = await place.connect();
    const handle = await openDict<{ a: number }>({ namespace: 'gone', store: redisStore(client), timeout: 300 });
    handle.on('error', () => {});
    place.pause();
    const started = performance.now();

    await expect(handle.dict.a).rejects.toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });
    await expect(
      openDict({ namespace: 'other', store: redisStore(place.source), connectTimeout: 300 }),
    ).rejects.toMatchObject({ code: 'ERR_NEARDICT_CONNECT_TIMEOUT' });
    expect(performance.now() - started).toBeLessThan(10_000);

    await place.resume();
    handle.destroy();
    await client.end();
    await place.stop();
  });
});
