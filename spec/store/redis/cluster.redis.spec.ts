import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { partitionsContract } from '../../contracts/partitionsContract.ts';
import { storeContract } from '../../contracts/storeContract.ts';
import { writerContract } from '../../contracts/writerContract.ts';
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
  writerContract('go through to a cluster', () => redisStore(client));

  it('refuses to track the changes of other programs on a cluster, and leaves nothing open', async () => {
    const opened = openDict({ namespace: 'x', store: redisStore(client), tracking: true });
    await expect(opened).rejects.toThrow(ConfigError);
    await expect(opened).rejects.toThrow('tracking');
  });
});
