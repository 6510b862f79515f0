import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { redisStore } from 'neardict/redis';
import { KEY_HASH } from '../../../lib/store/partitioner.ts';
import { soon } from '../../../lib/testing/contract/batches.ts';
import { partitionsContract } from '../../contracts/partitionsContract.ts';
import { writerContract } from '../../contracts/writerContract.ts';
import { connectClient, type TestClient } from '../../support/clients.ts';
import { openSpace } from '../../support/openSpace.ts';
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

  it('finds no keys under names that are of no partition', async () => {
    const layout = { partitions: 2, hash: KEY_HASH, codec: 'msgpack' };
    const space = await openSpace(redisStore(client), { layout });
    await space.set('a', '1');
    await client.sendCommand(['SET', `${space.namespace}{foreign}/b`, 'x']);

    const keys: string[] = [];
    for await (const some of space.scan('', soon)) keys.push(...some);

    expect(keys).toEqual(['a']);
    await space.close();
  });
});
