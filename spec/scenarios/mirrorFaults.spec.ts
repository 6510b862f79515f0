import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { type Mirror, type NearDict, openDict, type OpenOptions } from 'neardict';
import { redisStore } from 'neardict/redis';
import { hashTags, slotOf } from '../../lib/store/redis/slots.ts';
import { connectClient } from '../support/clients.ts';
import { connectCluster } from '../support/clusterClients.ts';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { startCluster } from '../support/redisCluster.ts';
import { startRedis } from '../support/redisServer.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { until } from '../support/until.ts';

/** How long writes and faults go on. MIRROR_SECONDS=60 by hand. */
const SECONDS = Number(process.env['MIRROR_SECONDS'] ?? 4);
const SEED = Number(process.env['SEED'] ?? Date.now() % 100_000);
const KEYS = Array.from({ length: 40 }, (_, index) => `key${index}`);
/** Always written together, and in one partition: who sees them differ has seen half of a write. */
const PAIR = ['left', 'right'] as const;

/** Of the cluster. */
const PARTITIONS = 8;

const random = seededRandom(SEED);
const pick = <I>(items: readonly I[]): I => items[Math.floor(random() * items.length)] as I;

interface Peer {
  readonly handle: NearDict;
  readonly mirror: Mirror;
  end(): Promise<void>;
}

/** Where mirrors live, and what can happen to them. */
interface Stage {
  openPeer(): Promise<Peer>;
  readonly faults: Readonly<Record<string, () => unknown>>;
  /** Everything works again. */
  calm(): void;
  stop(): Promise<void>;
}

async function openPeer(options: Pick<OpenOptions, 'store' | 'partitions'>, end: () => Promise<void>): Promise<Peer> {
  const partitionBy = (key: string): string => ((PAIR as readonly string[]).includes(key) ? 'pair' : key);
  const handle = await openDict({ namespace: 'faults', timeout: 1000, maxStaleness: 1000, partitionBy, ...options });
  handle.on('error', () => {});
  const mirror = await handle.mirror();
  mirror.on('error', () => {});
  return {
    handle,
    mirror,
    async end() {
      await handle.close().catch(() => {});
      await end();
    },
  };
}

async function stageOneServer(): Promise<Stage> {
  const server = await startRedis();
  const admin = await connectClient(server.url);
  const proxies: FaultProxy[] = [];
  const strike = (fault: (proxy: FaultProxy, target: 'data' | 'feed') => unknown) => () =>
    fault(pick(proxies), pick(['data', 'feed']));
  return {
    async openPeer() {
      const proxy = await startProxy(server.port, SEED);
      proxies.push(proxy);
      const client = await connectClient(proxy.url);
      return openPeer({ store: redisStore(client) }, async () => {
        await client.end();
        await proxy.stop();
      });
    },
    faults: {
      reset: strike((proxy, target) => proxy.reset(target)),
      finish: strike((proxy, target) => proxy.finish(target)),
      lose: strike((proxy) => proxy.lose('feed', 'down')),
      delay: strike((proxy, target) => proxy.shape(target, 'down', { delayMs: 200 * random() })),
      calm: strike((proxy, target) => proxy.shape(target, 'down', {})),
      refuse: strike(async (proxy, target) => {
        proxy.refuse();
        proxy.reset(target);
        await sleep(300);
        await proxy.accept();
      }),
      flush: () => admin.sendCommand(['FLUSHALL']),
      forget: () => admin.sendCommand(['DEL', 'faults#log']),
    },
    calm() {
      for (const proxy of proxies) {
        for (const target of ['data', 'feed'] as const) proxy.shape(target, 'down', {});
        proxy.resetLost();
      }
    },
    async stop() {
      await admin.end();
      await server.stop();
    },
  };
}

async function stageCluster(): Promise<Stage> {
  const cluster = await startCluster();
  return {
    async openPeer() {
      const client = await connectCluster(cluster);
      return openPeer({ store: redisStore(client), partitions: PARTITIONS }, () => client.end());
    },
    faults: {
      failOver: async () => cluster.failOver(pick(await cluster.masters())),
      async migrate() {
        const slot = slotOf(pick(hashTags(PARTITIONS)));
        const { id } = await cluster.masterOf(slot);
        await cluster.migrate(slot, pick((await cluster.masters()).filter((master) => master.id !== id)));
      },
      flush: () => cluster.flush(),
      async pause() {
        // Shorter than what a cluster takes for death.
        const node = pick(cluster.nodes);
        node.pause();
        await sleep(500);
        node.resume();
      },
    },
    calm() {},
    stop: () => cluster.stop(),
  };
}

/** Values are large now and then, so that they do not travel with their messages. */
const newValue = (count: number): unknown => (count % 4 === 0 ? `${count}`.padStart(400, '.') : { count });

async function writeSome({ handle, mirror }: Peer, count: number): Promise<void> {
  const value = newValue(count);
  const some = KEYS.filter(() => random() < 0.1);
  const writes = [
    (): Promise<unknown> => handle.setMany({ left: value, right: value, [pick(KEYS)]: value }),
    (): Promise<unknown> => handle.setMany(some.map((key) => [key, value] as const)),
    (): Promise<unknown> => handle.deleteMany(some),
    async (): Promise<void> => {
      const key = pick(KEYS);
      mirror.config[key] = value;
      if (!isDeepStrictEqual(mirror.config[key], value)) throw new TypeError('An own write is not seen.');
    },
  ];
  await pick(writes)().catch((error: unknown) => {
    if (error instanceof TypeError) throw error;
  });
}

/** Writes by all peers and strikes for a while. Returns how many writes there were, and which faults. */
async function storm(
  peers: readonly Peer[],
  faults: Stage['faults'],
): Promise<{ writes: number; struck: Set<string> }> {
  const deadline = performance.now() + 1000 * SECONDS;
  const struck = new Set<string>();
  let writes = 0;
  const writing = peers.map(async (peer) => {
    while (performance.now() < deadline) await writeSome(peer, ++writes);
  });
  while (performance.now() < deadline) {
    const name = pick(Object.keys(faults));
    struck.add(name);
    await faults[name]?.();
    await sleep(150);
  }
  await Promise.all(writing);
  return { writes, struck };
}

describe.each([
  ['one server', stageOneServer],
  ['a cluster', stageCluster],
])(`three mirrors on %s under faults, SEED=${SEED}`, (_where, makeStage) => {
  it(
    'see no half of a write, and equal the store in the end',
    async () => {
      const stage = await makeStage();
      const peers = [await stage.openPeer(), await stage.openPeer(), await stage.openPeer()];
      const halves: unknown[] = [];
      for (const { mirror } of peers) {
        mirror.on('change', () => {
          const { left, right } = mirror.config;
          if (!isDeepStrictEqual(left, right)) halves.push([left, right]);
        });
      }

      const { writes, struck } = await storm(peers, stage.faults);
      stage.calm();
      for (const { handle } of peers) await until('its writes are through', () => handle.stats().pendingWrites === 0);
      for (const { handle, mirror } of peers) {
        await until('the mirror equals the store', async () => {
          return mirror.state === 'coherent' && isDeepStrictEqual(mirror.current, await handle.snapshot());
        });
      }

      expect(halves).toEqual([]);
      expect(writes).toBeGreaterThan(20 * SECONDS);
      expect(struck.size).toBeGreaterThan(1);
      for (const peer of peers) await peer.end();
      await stage.stop();
    },
    120_000 + 3000 * SECONDS,
  );
});
