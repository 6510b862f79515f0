import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError, ConfigMismatchError, type NearDict, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { createClient } from 'redis';
import { partitioner } from '../../../lib/store/partitioner.ts';
import { hashTags, slotOf } from '../../../lib/store/redis/slots.ts';
import { itKeepsStoreContract } from '../../contracts/itKeepsStoreContract.ts';
import { connectCluster, type TestClusterClient } from '../../support/clusterClients.ts';
import { type ClusterNode, type RedisCluster, startCluster } from '../../support/redisCluster.ts';
import { until } from '../../support/until.ts';

type Numbers = Record<string, number>;

const PARTITIONS = 16;
const KEYS = Array.from({ length: 64 }, (_, index) => `key ${index}`);
const partitionOf = partitioner(PARTITIONS);
/** Of the partitions that have keys. */
const tags = [...new Set(KEYS.map((key) => hashTags(PARTITIONS)[partitionOf(key)] ?? ''))];

describe('sharded messages', () => {
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

  it('are refused for a single server', () => {
    expect(() => redisStore({ url: 'redis://localhost' }, { shardedPubSub: true })).toThrow(ConfigError);
  });

  // node-redis 4 would end the process.
  if ('destroy' in createClient()) onCluster();
  else
    it('are refused with node-redis 4', async () => {
      const opening = openDict({ namespace: 'refused', store: redisStore(client, { shardedPubSub: true }) });
      await expect(opening).rejects.toThrow(ConfigError);
      await expect(opening).rejects.toThrow('node-redis 5 or 6');
    });

  function onCluster(): void {
    itKeepsStoreContract('with sharded messages', () => redisStore(client, { shardedPubSub: true }), {
      cutFeed: () => cluster.cutFeeds(),
    });

    it('have to be wanted by all who open a namespace', async () => {
      await using handle = await open('agreed', true);
      await expect(open('agreed', false)).rejects.toThrow(ConfigMismatchError);
      expect(handle.state).toBe('coherent');
    });

    it('go over no other server', async () => {
      await using writer = await open('quiet', true);
      const before = await broadcasts();
      await setAll(writer, 1);
      expect(await broadcasts()).toBe(before);
      await using classic = await open('loud', false);
      await setAll(classic, 1);
      expect(await broadcasts()).toBeGreaterThan(before);
    });

    it('carry the answers of those who have the namespace open', async () => {
      await using one = await open('peers', true);
      await using other = await open('peers', true);
      await until('they find each other', async () => (await one.peers()).length === 2);
      expect(other.state).toBe('coherent');
    });

    describe('of a dictionary that reads everything', () => {
      let namespace = 'followed';
      let writer: NearDict<Numbers>;
      let reader: NearDict<Numbers>;
      let value = 0;
      beforeEach(async () => {
        namespace += 'x';
        writer = await open(namespace, true);
        reader = await open(namespace, true);
        await isFollowed();
      });
      afterEach(async () => {
        await Promise.all([writer.close(), reader.close()]);
        await cluster.isWell();
      });

      /** Whether in the end every channel is at the master of its slot, and writes to all partitions are heard from there. */
      async function isFollowed(): Promise<boolean> {
        await until('the channels are at the masters', async () => {
          await reader.getMany(KEYS).catch(() => {});
          for (const tag of tags) if (!(await isHeard(tag))) return false;
          return true;
        });
        let heard = 0;
        await until('all messages come', async () => {
          const before = reader.stats().messages;
          await setAll(writer, ++value);
          await until('the reader has the values', async () => {
            const found = await reader.getMany(KEYS);
            return KEYS.every((key) => found[key] === value);
          });
          heard = reader.stats().messages - before;
          return heard === tags.length;
        });
        return heard > 0;
      }

      async function isHeard(tag: string): Promise<boolean> {
        const master = await cluster.masterOf(slotOf(tag));
        const [, count] = (await master.send('PUBSUB', 'SHARDNUMSUB', `${namespace}{${tag}}/update`)) as unknown[];
        return Number(count) > 0;
      }

      async function ownerOfFirst(): Promise<ClusterNode> {
        return cluster.masterOf(slotOf(tags[0] ?? ''));
      }

      it('come from where a slot has moved to', async () => {
        const from = await ownerOfFirst();
        const to = (await cluster.masters()).find((node) => node !== from);
        await cluster.migrate(slotOf(tags[0] ?? ''), to as ClusterNode);
        expect(await isFollowed()).toBe(true);
      });

      it('come from the replica that has taken over, whatever is subscribed meanwhile', async () => {
        const over = new AbortController();
        const coming = (async () => {
          for (let count = 0; !over.signal.aborted; count++) {
            const passing = await open(`${namespace}${count}`, true);
            await passing.getMany(KEYS);
            await passing.close();
          }
        })();
        for (const master of await cluster.masters()) {
          await cluster.failOver(master);
          await cluster.isWell();
        }
        over.abort();
        await coming;
        expect(await isFollowed()).toBe(true);
      });

      it('come from the replica of a master that was killed', async () => {
        const master = await ownerOfFirst();
        await master.kill();
        await until('all can be written again', () =>
          setAll(writer, ++value).then(
            () => true,
            () => false,
          ),
        );
        expect(await isFollowed()).toBe(true);
        await master.restart();
      });
    });
  }

  function open(namespace: string, shardedPubSub: boolean): Promise<NearDict<Numbers>> {
    const store = redisStore(client, { shardedPubSub });
    const options = { partitions: PARTITIONS, timeout: 20_000, connectTimeout: 20_000, maxStaleness: 1000 };
    return openDict<Numbers>({ namespace, store, ...options });
  }

  function setAll(handle: NearDict<Numbers>, to: number): Promise<unknown> {
    return handle.setMany(Object.fromEntries(KEYS.map((key) => [key, to])));
  }

  /** Messages that servers have sent to others of the cluster, to be told there. */
  async function broadcasts(): Promise<number> {
    const infos = await Promise.all(cluster.nodes.map((node) => node.send('CLUSTER', 'INFO')));
    const counts = infos.map((info) => Number(/messages_publish_sent:(\d+)/.exec(String(info))?.[1] ?? 0));
    return counts.reduce((sum, count) => sum + count, 0);
  }
});
