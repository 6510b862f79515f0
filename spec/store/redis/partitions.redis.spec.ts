import { afterAll, beforeAll, describe } from '@jest/globals';
import { redisStore } from 'neardict/redis';
import { partitionsContract } from '../../contracts/partitionsContract.ts';
import { writerContract } from '../../contracts/writerContract.ts';
import { connectClient, type TestClient } from '../../support/clients.ts';
import { type RedisServer, startRedis } from '../../support/redisServer.ts';

describe('redisStore', () => {
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

  partitionsContract('on a borrowed client', () => redisStore(client));
  partitionsContract('on connections of its own', () => redisStore({ url: server.url }));
  writerContract('go through to a server', () => redisStore(client));
  writerContract('are kept back from a server', () => redisStore(client), { write: 'back' });
});
