import { afterAll, beforeAll, describe } from '@jest/globals';
import { redisStore } from 'neardict/redis';
import { itKeepsStoreContract } from '../../contracts/itKeepsStoreContract.ts';
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

  const cutFeed = (): Promise<unknown> => client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);

  itKeepsStoreContract('on a borrowed client', () => redisStore(client), { cutFeed });
  itKeepsStoreContract('on connections of its own', () => redisStore({ url: server.url }), { cutFeed });
});
