import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AmbiguousWriteError,
  FlushError,
  type NearDict,
  openDict,
  PartialWriteError,
  UnavailableError,
} from 'neardict';
import { redisStore } from 'neardict/redis';
import { partitioner } from '../../lib/store/partitioner.ts';
import { hashTags, slotOfName } from '../../lib/store/redis/slots.ts';
import { connectCluster, type TestClusterClient } from '../support/clusterClients.ts';
import type { FaultProxy } from '../support/faultProxy.ts';
import { proxiedCluster, type ProxiedPlace } from '../support/places.ts';
import { type ClusterNode, type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

const PARTITIONS = 16;
const partitionOf = partitioner(PARTITIONS);
const tags = hashTags(PARTITIONS);
const NAMESPACE = 'broken';

const errorOf = (failing: Promise<unknown>): Promise<unknown> => failing.catch((error: unknown) => error);

describe('one master of a cluster', () => {
  const options = { namespace: NAMESPACE, partitions: PARTITIONS, maxStaleness: 1000 };
  let cluster: RedisCluster;
  let client: TestClusterClient;
  let broken: ClusterNode;
  /** A key of that master. */
  let there: string;
  /** A key of another. */
  let elsewhere: string;
  let proxied: ProxiedPlace;
  /** Before that master. */
  let proxy: FaultProxy;
  /** On connections of its own through the proxies. */
  let member: NearDict<Numbers>;
  /** On a borrowed client. */
  let other: NearDict<Numbers>;
  beforeAll(async () => {
    cluster = await startCluster();
    client = await connectCluster(cluster);
    const [first, second] = (await cluster.masters()) as [ClusterNode, ClusterNode, ClusterNode];
    broken = first;
    there = await keyOf(first);
    elsewhere = await keyOf(second);
  });
  beforeEach(async () => {
    proxied = await proxiedCluster(cluster);
    [proxy] = proxied.proxies as [FaultProxy, FaultProxy, FaultProxy];
    member = await openDict<Numbers>({ ...options, store: redisStore(proxied.source), timeout: 2500 });
    other = await openDict<Numbers>({ ...options, store: redisStore(client), timeout: 20_000 });
    await member.setMany({ [there]: 1, [elsewhere]: 1 });
    await until('the other follows', async () => (await other.get(there)) === 1);
  });
  afterEach(async () => {
    for (const setting of ['maxmemory', 'min-replicas-to-write']) await broken.send('CONFIG', 'SET', setting, '0');
    await Promise.all([member.close(), other.close()]);
    await proxied.stop();
  });
  afterAll(async () => {
    await client.end();
    await cluster.stop();
  });

  async function keyOf(master: ClusterNode): Promise<string> {
    for (let index = 0; ; index++) {
      const key = `key-${index}`;
      const slot = slotOfName(`${NAMESPACE}{${tags[partitionOf(key)]}}`);
      if ((await cluster.masterOf(slot)) === master) return key;
    }
  }

  /** Both write to both masters, hear of each other and are coherent. */
  async function isWell(): Promise<void> {
    for (const [writer, reader, value] of [
      [member, other, 8],
      [other, member, 9],
    ] as const) {
      await writer.setMany({ [there]: value, [elsewhere]: value });
      for (const key of [there, elsewhere]) {
        await until('the reader follows', async () => (await reader.get(key)) === value);
      }
    }
    await until('both are coherent', () => member.state === 'coherent' && other.state === 'coherent');
  }

  describe.each([
    { what: 'is full', setting: 'maxmemory', value: '1', says: '`maxmemory`', isFull: true },
    { what: 'has too few replicas', setting: 'min-replicas-to-write', value: '2', says: 'too few replicas' },
  ])('that $what', ({ setting, value, says, isFull = false }) => {
    beforeEach(() => broken.send('CONFIG', 'SET', setting, value));

    it('refuses its own writes alone: an error says why, and the others go on', async () => {
      const [refused, written] = await Promise.all([errorOf(member.set(there, 2)), member.set(elsewhere, 2)]);
      const partial = await errorOf(member.setMany({ [there]: 3, [elsewhere]: 3 }));

      expect(refused).toBeInstanceOf(UnavailableError);
      expect(refused).toMatchObject({ isFull });
      expect(String(refused)).toContain(says);
      expect(written).toEqual(expect.any(String));
      expect(partial).toBeInstanceOf(PartialWriteError);
      expect(partial).toMatchObject({ applied: [elsewhere], errors: [{ key: there, error: { isFull } }] });
      expect(await member.getMany([there, elsewhere])).toEqual({ [there]: 1, [elsewhere]: 3 });
      expect(await other.get(there, { fresh: true })).toBe(1);
      await until('the other follows', async () => (await other.get(elsewhere)) === 3);
      await broken.send('CONFIG', 'SET', setting, '0');
      await isWell();
    });

    it('makes a flush of write-back reject with its keys alone, which stay until it takes them', async () => {
      const back = await openDict<Numbers>({ ...options, store: redisStore(client), write: 'back' });
      back.dict[there] = 2;
      back.dict[elsewhere] = 2;

      const error = await errorOf(back.flush());

      expect(error).toBeInstanceOf(FlushError);
      expect((error as FlushError).errors).toMatchObject([{ key: there, error: { isFull } }]);
      expect(await other.getMany([there, elsewhere])).toMatchObject({ [there]: 1 });
      expect(await other.get(elsewhere, { fresh: true })).toBe(2);
      await broken.send('CONFIG', 'SET', setting, '0');
      await back.close();
      expect(await other.get(there, { fresh: true })).toBe(2);
    });
  });

  it('that is full goes on deleting', async () => {
    await broken.send('CONFIG', 'SET', 'maxmemory', '1');

    expect(await member.deleteMany([there, elsewhere])).toBe(2);

    await broken.send('CONFIG', 'SET', 'maxmemory', '0');
    await isWell();
  });

  it.each(['up', 'down'] as const)(
    'whose connection loses what goes %s makes what it is asked end by the deadline, and holds up no other',
    async (way) => {
      const order: string[] = [];
      expect(proxy.lose('data', way)).toBe(1);

      const read = errorOf(member.get(there, { fresh: true }));
      const lost = errorOf(member.set(there, 2)).finally(() => order.push('lost'));
      await member.set(elsewhere, 2).then(() => order.push('written'));
      expect(await member.get(elsewhere, { fresh: true })).toBe(2);

      expect(await read).toBeInstanceOf(UnavailableError);
      expect(await lost).toBeInstanceOf(AmbiguousWriteError);
      expect(order).toEqual(['written', 'lost']);
      await until('there is another connection', () => proxy.connections('data') === 1);
      await isWell();
    },
  );

  it('whose connection for messages brings none is left for another once a message is missed', async () => {
    await until('messages come through a proxy', () => proxied.proxies.some((each) => each.connections('feed') > 0));
    for (const each of proxied.proxies) each.lose('feed', 'down');

    await other.setMany({ [there]: 2, [elsewhere]: 2 });

    for (const key of [there, elsewhere]) {
      await until('the member sees it', async () => (await member.get(key)) === 2);
    }
    await isWell();
    for (const key of [there, elsewhere]) {
      await until('it is cached', async () => {
        await member.get(key);
        return member.peek(key) === 9;
      });
    }
    expect(proxied.proxies.some((each) => each.connections('feed') > 0)).toBe(true);
  });
});
