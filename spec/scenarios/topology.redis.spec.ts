import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { AmbiguousWriteError, ConnectTimeoutError, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { hashTags, slotOf } from '../../lib/store/redis/slots.ts';
import { connectCluster, type TestClusterClient } from '../support/clusterClients.ts';
import { type ClusterNode, type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

const PARTITIONS = 16;
const KEYS = Array.from({ length: 64 }, (_, index) => `key ${index}`);

describe('a dictionary on a cluster', () => {
  let cluster: RedisCluster;
  let client: TestClusterClient;
  let namespace = 'topology';
  let writer: NearDict<Numbers>;
  let reader: NearDict<Numbers>;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  beforeEach(async () => {
    client = await connectCluster(cluster);
    namespace += 'x';
    writer = await open();
    reader = await open({ isOwned: true });
  });
  afterEach(async () => {
    await writer.close();
    await reader.close();
    await client.end();
    await cluster.isWell();
    await cluster.flush();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  function open({ isOwned = false, timeout = 10_000, connectTimeout = 20_000, partitions = PARTITIONS } = {}): Promise<
    NearDict<Numbers>
  > {
    const store = redisStore(isOwned ? { rootNodes: cluster.rootNodes } : client);
    return openDict<Numbers>({ namespace, store, partitions, timeout, maxStaleness: 500, connectTimeout });
  }

  function setAll(value: number): Promise<unknown> {
    return writer.setMany(Object.fromEntries(KEYS.map((key) => [key, value])));
  }

  async function allAre(value: number): Promise<void> {
    await until(`the reader has ${value} everywhere`, async () => {
      const found = await reader.getMany(KEYS).catch((): Numbers => ({}));
      return KEYS.every((key) => found[key] === value);
    });
  }

  /** Counts up one key of each partition again and again, until `act` is over; what failed, in the order of failing. */
  async function writingDuring(act: () => Promise<unknown>): Promise<unknown[]> {
    const failures: unknown[] = [];
    const over = new AbortController();
    const loops = KEYS.slice(0, PARTITIONS).map(async (key) => {
      for (let value = 1; !over.signal.aborted; value++) {
        await writer.set(key, value).catch((error: unknown) => failures.push(error));
        await sleep(5);
      }
    });
    await act();
    over.abort();
    await Promise.all(loops);
    return failures;
  }

  async function errorsOf(code: string): Promise<number> {
    const counts = cluster.nodes.map(async (node) => {
      const text = String(await node.send('INFO', 'errorstats'));
      return Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(text)?.[1] ?? 0);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  async function anotherMaster(than: ClusterNode): Promise<ClusterNode> {
    const other = (await cluster.masters()).find((node) => node !== than);
    if (other === undefined) throw new Error('There is but one master.');
    return other;
  }

  const slotOfFirst = slotOf(hashTags(PARTITIONS)[0] ?? '');

  describe('whose slot moves', () => {
    let slot: number;
    let to: ClusterNode;
    beforeEach(async () => {
      slot = slotOf(hashTags(1)[0] ?? '');
      to = await anotherMaster(await cluster.masterOf(slot));
      namespace += '-one';
      await writer.close();
      await reader.close();
      writer = await open({ partitions: 1 });
      reader = await open({ partitions: 1, isOwned: true });
      await setAll(1);
      await allAre(1);
    });

    it('is read all the time, and what is written meanwhile waits', async () => {
      const before = {
        split: await errorsOf('TRYAGAIN'),
        asked: await errorsOf('ASK'),
      };
      let waiting: Promise<unknown> | undefined;
      await cluster.migrate(slot, to, async () => {
        const found = await Promise.all(KEYS.map((key) => reader.get(key, { fresh: true })));
        expect(new Set(found)).toEqual(new Set([1]));
        const split = await errorsOf('TRYAGAIN');
        expect(split).toBeGreaterThan(before.split);
        waiting = setAll(2);
        await until('it was refused', async () => (await errorsOf('TRYAGAIN')) > split);
      });
      await waiting;

      await allAre(2);
      expect(await errorsOf('ASK')).toBeGreaterThan(before.asked);
    });

    it('says of a write that could not wait so long that it did not happen', async () => {
      const hasty = await open({ partitions: 1, timeout: 300 });
      let failure: unknown;
      await cluster.migrate(slot, to, async () => {
        failure = await hasty.setMany(Object.fromEntries(KEYS.map((key) => [key, 2]))).catch((error: unknown) => error);
      });

      expect(failure).toBeInstanceOf(UnavailableError);
      expect(String(failure)).toContain('is being moved');
      expect(await hasty.get('key 1', { fresh: true })).toBe(1);
      await hasty.close();
    });
  });

  it('does not fail in a failover without loss', async () => {
    await setAll(0);
    const failures = await writingDuring(async () => {
      for (const master of await cluster.masters()) {
        await cluster.failOver(master);
        await cluster.isWell();
      }
    });

    expect(failures.filter((error) => !(error instanceof AmbiguousWriteError))).toEqual([]);
    await setAll(-1);
    await allAre(-1);
  });

  it('goes on without a master that was killed, in other partitions at once and in its own when it is replaced', async () => {
    await setAll(0);
    const master = await cluster.masterOf(slotOfFirst);
    const hasty = await open({ timeout: 1000 });
    const start = performance.now();
    const failures = await writingDuring(async () => {
      await master.kill();
      await until('all can be written again', () =>
        setAll(-1).then(
          () => true,
          () => false,
        ),
      );
    });

    expect(performance.now() - start).toBeLessThan(30_000);
    for (const error of failures) {
      expect([UnavailableError, AmbiguousWriteError]).toContain((error as Error).constructor);
    }
    await setAll(-2);
    await allAre(-2);
    await hasty.close();
    await master.restart();
  });

  it('follows its slots to a server that joins, and back from one that leaves', async () => {
    await setAll(0);
    const from = await cluster.masterOf(slotOfFirst);
    const added = await cluster.add();
    const failures = await writingDuring(async () => {
      await cluster.migrate(slotOfFirst, added);
      await setAll(-1);
      await cluster.migrate(slotOfFirst, from);
    });
    await cluster.remove(added);

    expect(failures).toEqual([]);
    await setAll(-2);
    await allAre(-2);
  });

  it('says of writes to servers without a majority that they did not happen, and goes on when it is back', async () => {
    await setAll(0);
    const [alone, ...others] = await cluster.masters();
    const rest = cluster.nodes.filter((node) => node !== alone);
    const hasty = await open({ timeout: 500 });
    await hasty.getMany(KEYS);
    for (const node of rest) node.pause();
    try {
      await until('the one that is left gives up', async () =>
        String(await alone?.send('CLUSTER', 'INFO')).includes('state:fail'),
      );
      const ends = await Promise.allSettled(KEYS.map((key) => hasty.set(key, 1)));

      await expect(hasty.size()).rejects.toThrow(UnavailableError);
      expect(others.length).toBe(2);
      expect(ends.filter(({ status }) => status === 'fulfilled')).toEqual([]);
      expect(ends.some((end) => end.status === 'rejected' && end.reason instanceof UnavailableError)).toBe(true);
    } finally {
      for (const node of rest) node.resume();
    }
    await cluster.isWell();
    await until('all can be written again', () =>
      setAll(2).then(
        () => true,
        () => false,
      ),
    );
    await allAre(2);
    await hasty.close();
  });

  it('comes back with the whole cluster, and forgets what that has lost', async () => {
    await setAll(1);
    await allAre(1);
    for (const node of cluster.nodes) await node.kill();
    const opened = await Promise.allSettled([true, false].map((isOwned) => open({ isOwned, connectTimeout: 300 })));
    await Promise.all(cluster.nodes.map((node) => node.restart()));
    await cluster.isWell();

    expect(opened.map((end) => end.status === 'rejected' && end.reason)).toEqual([
      expect.any(ConnectTimeoutError),
      expect.any(ConnectTimeoutError),
    ]);
    await until('nothing is there any more', async () => {
      const found = await reader.getMany(KEYS).catch(() => undefined);
      return found !== undefined && KEYS.every((key) => found[key] === undefined);
    });
    await until('all can be written again', () =>
      setAll(2).then(
        () => true,
        () => false,
      ),
    );
    await allAre(2);
  });
});
