import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, type NearDict, openDict, type Store } from 'neardict';
import { type RedisClusterOptions, redisStore } from 'neardict/redis';
import { KEY_HASH } from '../../../lib/store/partitioner.ts';
import { partitionsContract } from '../../contracts/partitionsContract.ts';
import { itKeepsStoreContract } from '../../contracts/itKeepsStoreContract.ts';
import { writerContract } from '../../contracts/writerContract.ts';
import { connectCluster, type TestClusterClient } from '../../support/clusterClients.ts';
import { connectClient } from '../../support/clients.ts';
import { openSpace } from '../../support/openSpace.ts';
import { until } from '../../support/until.ts';
import { type RedisCluster, startCluster } from '../../support/redisCluster.ts';

describe('redisStore', () => {
  let cluster: RedisCluster;
  let client: TestClusterClient;
  let owner: Store;
  /** Keep the connections for the next one. */
  let kept: readonly NearDict[];
  beforeAll(async () => {
    cluster = await startCluster();
    client = await connectCluster(cluster);
    owner = redisStore({ rootNodes: cluster.rootNodes });
    kept = await Promise.all([redisStore(client), owner].map((store) => openDict({ namespace: 'kept', store })));
  });
  afterAll(async () => {
    for (const handle of kept) await handle.close();
    await client.end();
    await cluster.stop();
  });

  const faults = { cutFeed: () => cluster.cutFeeds() };
  itKeepsStoreContract('on a borrowed cluster client', () => redisStore(client), faults);
  partitionsContract('on a borrowed cluster client', () => redisStore(client));
  writerContract('go through to a cluster', () => redisStore(client));
  writerContract('are kept back from a cluster', () => redisStore(client), { write: 'back' });

  itKeepsStoreContract('on connections of its own to a cluster', () => owner, faults);
  partitionsContract('on connections of its own', () => owner);

  it('reaches the cluster through any server that is left of rootNodes, by other addresses where they are mapped', async () => {
    const [one] = await cluster.masters();
    const nobody = { url: 'redis://127.0.0.1:1' };
    const nodeAddressMap = (address: string): { host: string; port: number } => {
      const port = Number(address.split(':')[1]);
      return { host: 'localhost', port };
    };
    const store = redisStore({
      rootNodes: [nobody, { socket: { host: '127.0.0.1', port: one?.port } }],
      nodeAddressMap,
    });
    const space = await openSpace(store, { layout: { partitions: 16, hash: KEY_HASH, codec: 'msgpack' } });
    await space.set('a', '1');

    expect(await space.get('a')).toBe('1');
    await space.close();
  });

  it('has one connection to each master and one for messages, and none after the last dictionary is closed', async () => {
    const connections = async (): Promise<number> => {
      const lists = await Promise.all(cluster.nodes.map((node) => node.send('CLIENT', 'LIST', 'TYPE', 'normal')));
      const others = await Promise.all(cluster.nodes.map((node) => node.send('CLIENT', 'LIST', 'TYPE', 'pubsub')));
      return [...lists, ...others].reduce<number>(
        (sum, list) => sum + String(list).trim().split('\n').filter(Boolean).length,
        0,
      );
    };
    const before = await connections();
    const store = redisStore({ rootNodes: cluster.rootNodes });
    const handles = await Promise.all(['one', 'two', 'three'].map((namespace) => openDict({ namespace, store })));
    // Those to replicas that were asked at first are closed.
    await until('there are four more', async () => (await connections()) === before + 4);
    expect(handles.map(({ state }) => state)).toEqual(['coherent', 'coherent', 'coherent']);

    for (const handle of handles) await handle.close();
    await until('they are gone', async () => (await connections()) === before);
  });

  it('refuses a client of a single server that is part of a cluster, and says what to pass', async () => {
    const [one] = await cluster.masters();
    const single = await connectClient(one?.url ?? '');
    const ends = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((namespace) => openDict({ namespace, store: redisStore(single) })),
    );

    const messages = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.filter((message) => !message.includes('createCluster()'))).toEqual([]);
    for (const end of ends) if (end.status === 'fulfilled') await end.value.close();
    await single.end();
  });

  it.each<[unknown, string]>([
    [[], 'must list servers'],
    ['redis://127.0.0.1', 'must list servers'],
    [[{}], "must have a 'url'"],
    [[{ url: 'http://user:secret@127.0.0.1' }], 'must be like redis://'],
  ])('refuses the rootNodes %j', (rootNodes, message) => {
    const make = (): unknown => redisStore({ rootNodes } as RedisClusterOptions);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
    expect(make).not.toThrow('secret');
  });

  it('refuses to track the changes of other programs on a cluster, and leaves nothing open', async () => {
    const opened = openDict({ namespace: 'x', store: redisStore(client), tracking: true });
    await expect(opened).rejects.toThrow(ConfigError);
    await expect(opened).rejects.toThrow('tracking');
  });
});
