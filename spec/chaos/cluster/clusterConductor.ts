import { partitioner } from '../../../lib/store/partitioner.ts';
import { hashTags, slotOf } from '../../../lib/store/redis/slots.ts';
import { type RedisCluster, startCluster } from '../../support/redisCluster.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { sleep } from '../clock.ts';
import { Member } from '../member.ts';
import type { ClientPackage, WorkerOptions } from '../messages.ts';
import type { Sight } from '../observer.ts';
import { MAX_STALENESS_MS, NAMESPACE, TIMEOUT_MS, VARIANTS } from '../rig.ts';
import { Troupe } from '../troupe.ts';
import { type EventName, type Stage, topologyEvents } from './topologyEvents.ts';

export interface ClusterChaosOptions {
  readonly clientPackage: ClientPackage;
  readonly seed: number;
  readonly events: readonly EventName[];
  readonly minOperations: number;
}

export interface ClusterChaosReport extends Sight {
  readonly seed: number;
  /** How often each event has happened. */
  readonly happened: Readonly<Record<string, number>>;
  /** Error replies of all servers, by their codes. */
  readonly refusals: Readonly<Record<string, number>>;
}

const PARTITIONS = 16;
/** Calm after each event. */
const CALM_MS = 500;

const partitionOf = partitioner(PARTITIONS);
const tags = hashTags(PARTITIONS);
const slots = tags.map(slotOf);
const positions = new Map(slots.map((slot, index) => [slot, `${NAMESPACE}{${tags[index]}}#position`]));

/** Lets processes use one dictionary on a cluster while that changes, and checks what they saw. */
export async function runClusterChaos(options: ClusterChaosOptions): Promise<ClusterChaosReport> {
  const { seed, events, minOperations } = options;
  const happened: Record<string, number> = {};
  const refusals: Record<string, number> = {};
  const troupe = new Troupe(() => {
    // There are few epochs: their keys stay.
  });
  const cluster = await startCluster();
  const members = VARIANTS.map(
    (_, id) => new Member(workerOptions(options, cluster, id), troupe.observer.hear.bind(troupe.observer)),
  );
  try {
    await Promise.all(members.map((member) => member.isOpen()));
    await troupe.start(members);
    const stage: Stage = {
      cluster,
      random: seededRandom(seed),
      positions,
      loseWrites: (lost, act) => troupe.observer.loseWrites((key) => lost.includes(slots[partitionOf(key)] ?? -1), act),
    };
    for (const name of events) {
      troupe.assertWhole();
      const before = await refusalsOf(cluster);
      await topologyEvents[name](stage);
      for (const [code, count] of await refusalsOf(cluster)) {
        const more = count - (before.get(code) ?? 0);
        if (more > 0) refusals[code] = (refusals[code] ?? 0) + more;
      }
      happened[name] = (happened[name] ?? 0) + 1;
      await sleep(CALM_MS);
    }
    await troupe.end(minOperations);
  } catch (error) {
    troupe.observer.problem(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    troupe.stop();
    for (const member of members) await member.kill();
    await cluster.stop();
  }
  return { ...troupe.observer.sight(), seed, happened, refusals };
}

function workerOptions({ clientPackage, seed }: ClusterChaosOptions, cluster: RedisCluster, id: number): WorkerOptions {
  return {
    id: id + 1,
    urls: cluster.rootNodes.map(({ url }) => url),
    partitions: PARTITIONS,
    clientPackage,
    // Connections of our own are made with the package that the name `redis` means.
    isOwned: clientPackage === 'redis' && id % 2 === 1,
    // One run has the messages that are not the usual ones.
    shardedPubSub: clientPackage === 'redis-v6',
    namespace: NAMESPACE,
    seed: 100 * seed + id,
    maxStalenessMs: MAX_STALENESS_MS,
    timeoutMs: TIMEOUT_MS,
    givesOldAnswers: false,
    ...(VARIANTS[id] ?? VARIANTS[0]),
  };
}

/** A server that is started again begins to count anew. */
async function refusalsOf(cluster: RedisCluster): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const node of cluster.nodes) {
    const text = String(await node.send('INFO', 'errorstats'));
    for (const [, code = '', count] of text.matchAll(/errorstat_(\w+):count=(\d+)/g))
      counts.set(code, (counts.get(code) ?? 0) + Number(count));
  }
  return counts;
}
