import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from '../support/clients.ts';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { runChild, startChild } from '../support/runChild.ts';

describe('a process with an open dictionary', () => {
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

  it('that ends without close() exits by itself, after its last write has arrived', async () => {
    const { code, output } = await runChild('writeAndEnd.js', 'ending', server.url);

    expect({ code, output }).toEqual({ code: 0, output: '' });
    await using handle = await openDict<{ last: string }>({ namespace: 'ending', store: redisStore(client) });
    expect(await handle.dict.last).toBe('words');
  });

  it('on the memory store exits by itself too', async () => {
    expect(await runChild('writeAndEnd.js', 'ending')).toEqual({ code: 0, output: '' });
  });

  describe('whose feed does not come', () => {
    let proxy: FaultProxy;
    beforeEach(async () => {
      proxy = await startProxy(server.port);
    });
    afterEach(() => proxy.stop());

    it('exits by itself while another partition waits for it', async () => {
      const child = startChild('readElsewhere.js', 'elsewhere', proxy.url);
      await child.message();
      proxy.shape('feed', 'down', { isStalled: true });
      proxy.refuse();
      child.process.send('read');

      expect(await child.ended).toEqual({ code: 0, output: '100\n' });
    });

    it('is kept until openDict has said so', async () => {
      void proxy.loseMessage('feed');

      const end = await runChild('openOnly.js', 'silent', proxy.url, '1000');

      expect(end).toEqual({ code: 0, output: 'ERR_NEARDICT_CONNECT_TIMEOUT\n' });
    });
  });

  it('takes a blocked event loop under a flood of messages for what it is, and for no fork', async () => {
    await using handle = await openDict({ namespace: 'flood', store: redisStore(client) });
    const writer = startChild('writeFast.js', 'flood', server.url);
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

describe('with the server gone', () => {
  it('looking at a dictionary asks nothing and leaves no rejection behind', async () => {
    const server = await startRedis();
    const child = startChild('look.js', 'looking', server.url);
    await child.message();
    await server.stop();
    child.process.send('look');
    const { code, output } = await child.ended;

    expect(output.trim()).toBe(
      JSON.stringify({
        seen: [true, '{"dict":{}}', '[NearDict looking]', true, true, 0, 'object', 'DataCloneError'],
        misses: 0,
      }),
    );
    expect(code).toBe(0);
  });

  it('openDict rejects within connectTimeout, and reads reject by their deadline', async () => {
    const server = await startRedis();
    const client = await connectClient(server.url);
    const handle = await openDict<{ a: number }>({ namespace: 'gone', store: redisStore(client), timeout: 300 });
    handle.on('error', () => {});
    server.pause();
    const started = performance.now();

    await expect(handle.dict.a).rejects.toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });
    await expect(
      openDict({ namespace: 'other', store: redisStore({ url: server.url }), connectTimeout: 300 }),
    ).rejects.toMatchObject({ code: 'ERR_NEARDICT_CONNECT_TIMEOUT' });
    expect(performance.now() - started).toBeLessThan(10_000);

    server.resume();
    handle.destroy();
    await client.end();
    await server.stop();
  });
});
