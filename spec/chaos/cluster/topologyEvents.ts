import type { ClusterNode, RedisCluster } from '../../support/redisCluster.ts';
import { until } from '../../support/until.ts';
import { sleep } from '../clock.ts';

/** Where events happen. */
export interface Stage {
  readonly cluster: RedisCluster;
  /** 0 to 1. */
  readonly random: () => number;
  /** Slots that hold partitions, and the name of the position in each. */
  readonly positions: ReadonlyMap<number, string>;
  /** Does what loses some of the last writes to these slots, and writes that into the history. */
  readonly loseWrites: (slots: readonly number[], act: () => Promise<void>) => Promise<void>;
}

/** How long a condition lasts, in milliseconds. */
const SPELL_MS = 400;

/** A position, a log, and values. */
const MIN_KEYS = 4;

/** Lets one event happen, and fails if it did not. Afterwards the cluster is well. */
export type TopologyEvent = (stage: Stage) => Promise<void>;

export type EventName =
  'positionMovesFirst' | 'positionMovesLast' | 'halfMoves' | 'failOver' | 'masterKilled' | 'historySplit';

export const topologyEvents: Readonly<Record<EventName, TopologyEvent>> = {
  positionMovesFirst: migration((keys, position) => keys.filter((key) => key === position)),
  positionMovesLast: migration((keys, position) => keys.filter((key) => key !== position)),
  halfMoves: migration((keys) => keys.slice(0, keys.length / 2)),

  async failOver({ cluster, random, positions }) {
    const master = await cluster.masterOf(pick([...positions.keys()], random));
    await cluster.failOver(master);
  },

  async masterKilled(stage) {
    const { master, replica, slots } = await pairOf(stage);
    await stage.loseWrites(slots, async () => {
      await isReplicated(master);
      await master.kill();
      await takesOver(stage.cluster, replica, slots);
      await master.restart();
      await stage.cluster.isWell();
    });
  },

  /** The old master takes writes that the new one never hears of, and does not know at once that there is a new one. */
  async historySplit(stage) {
    const { master, replica, slots } = await pairOf(stage);
    await stage.loseWrites(slots, async () => {
      await isReplicated(master);
      replica.pause();
      await master.send('CLIENT', 'KILL', 'TYPE', 'replica');
      const before = await positionsAt(master, stage, slots);
      await until('the old master takes writes', async () => (await positionsAt(master, stage, slots)) !== before);
      await sleep(SPELL_MS);
      const lost = await positionsAt(master, stage, slots);
      master.pause();
      replica.resume();
      await takesOver(stage.cluster, replica, slots);
      const kept = await positionsAt(replica, stage, slots);
      if (kept === lost) throw new Error('Nothing was lost.');
      await until('the new master takes writes', async () => (await positionsAt(replica, stage, slots)) !== kept);
      master.resume();
      await stage.cluster.isWell();
    });
  },
};

/** Moves the slot of a partition, and lets half of the keys wait a while for the others. */
function migration(first: (keys: string[], position: string) => string[]): TopologyEvent {
  return async ({ cluster, random, positions }) => {
    const slot = pick([...positions.keys()], random);
    const from = await cluster.masterOf(slot);
    const to = pick(
      (await cluster.masters()).filter((node) => node !== from),
      random,
    );
    const count = async (): Promise<number> => Number(await from.send('CLUSTER', 'COUNTKEYSINSLOT', String(slot)));
    await until('there is something to move', async () => (await count()) >= MIN_KEYS);
    let isHalfWay = false;
    const wait = async (): Promise<void> => {
      isHalfWay = true;
      await sleep(SPELL_MS);
    };
    await cluster.migrate(slot, to, wait, (keys) => first(keys, positions.get(slot) ?? ''));
    if (!isHalfWay) throw new Error('There was nothing to move.');
    await cluster.isWell();
  };
}

/** A master of some partitions, its replica, and the slots of these partitions. */
async function pairOf({ cluster, random, positions }: Stage): Promise<{
  readonly master: ClusterNode;
  readonly replica: ClusterNode;
  readonly slots: readonly number[];
}> {
  const master = await cluster.masterOf(pick([...positions.keys()], random));
  const slots: number[] = [];
  for (const slot of positions.keys()) if ((await cluster.masterOf(slot)) === master) slots.push(slot);
  return { master, replica: await cluster.replicaOf(master), slots };
}

/** Until now. */
async function isReplicated(master: ClusterNode): Promise<void> {
  if (Number(await master.send('WAIT', '1', '10000')) !== 1) throw new Error('There is no replica.');
}

async function takesOver(cluster: RedisCluster, replica: ClusterNode, [slot = 0]: readonly number[]): Promise<void> {
  const isMaster = async (): Promise<boolean> => {
    const role = String(await replica.send('INFO', 'replication').catch(() => ''));
    return role.includes('role:master') && (await cluster.masterOf(slot, replica)) === replica;
  };
  await until('the replica takes over', isMaster, 60_000);
}

async function positionsAt(node: ClusterNode, { positions }: Stage, slots: readonly number[]): Promise<string> {
  const texts: string[] = [];
  for (const slot of slots) {
    const dump = await node.send(
      'EVAL',
      "return redis.sha1hex(redis.call('GET', KEYS[1]) or '')",
      '1',
      positions.get(slot) ?? '',
    );
    texts.push(String(dump));
  }
  return texts.join();
}

function pick<I>(items: readonly I[], random: () => number): I {
  const item = items[Math.floor(items.length * random())];
  if (item === undefined) throw new Error('There is nothing to choose from.');
  return item;
}
