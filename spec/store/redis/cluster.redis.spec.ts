import { afterAll, beforeAll, describe } from '@jest/globals';
import { redisStore } from 'neardict/redis';
import { partitionsContract } from '../../contracts/partitionsContract.ts';
import { storeContract } from '../../contracts/storeContract.ts';
import { connectCluster, type TestClusterClient } from '../../support/clusterClients.ts';
import { type RedisCluster, startCluster } from '../../support/redisCluster.ts';

describe('redisStore', () => {
  let cluster: RedisCluster;
  let client: TestClusterClient;
  beforeAll(async () => {
    cluster = await startCluster();
    client = await connectCluster(cluster);
  });
  afterAll(async () => {
    await client.end();
    await cluster.stop();
  });

  storeContract('on a borrowed cluster client', () => redisStore(client));
  partitionsContract('on a borrowed cluster client', () => redisStore(client));
});
