import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient, type TestClient } from './support/clients.ts';
import { type RedisServer, startRedis } from './support/redisServer.ts';
import { until } from './support/until.ts';

describe('openDict on Redis', () => {
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

  it('shows a write in every process that opened the namespace', async () => {
    await using here = await openDict<{ hello: string }>({ namespace: 'shared', store: redisStore(client) });
    await using there = await openDict<{ hello: string }>({
      namespace: 'shared',
      store: redisStore({ url: server.url }),
    });
    expect(await there.dict.hello).toBeUndefined();

    here.dict.hello = 'world';
    await here.flush();

    await until('the other handle has heard of it', () => there.peek('hello') === 'world');
    expect(await there.dict.hello).toBe('world');
  });
});
