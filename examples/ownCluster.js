// @ts-check
// A Redis Cluster for as long as redisCluster.js runs: three masters, and a replica of each. REDIS_SERVER may name another
// program than redis-server.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, mastersOf } from './clusterNodes.js';

/** @import { Master } from './clusterNodes.js' */
/** @typedef {Awaited<ReturnType<typeof startCluster>>} OwnCluster */

const MASTERS = 3;
const SLOTS = 16_384;
const PATIENCE_MS = 45_000;

const program = process.env.REDIS_SERVER ?? 'redis-server';

export const hasRedisServer = () => spawnSync(program, ['--version']).status === 0;

export async function startCluster() {
  const folder = await mkdtemp(join(tmpdir(), 'example-cluster-'));
  const ports = await freePorts(2 * MASTERS);
  // What the servers would tell each other by and by is written before they start.
  for (const port of ports) await writeFile(join(folder, `${port}.conf`), nodesFor(port, ports));
  const servers = ports.map((port) => startServer(port, folder));
  await until('the cluster is complete', async () => {
    const infos = await Promise.all(servers.map(({ url }) => ask(url, 'CLUSTER', 'INFO')));
    const replicas = await Promise.all(servers.slice(MASTERS).map(({ url }) => ask(url, 'INFO', 'replication')));
    return (
      infos.every((info) => info.includes('cluster_state:ok')) &&
      replicas.every((info) => info.includes('master_link_status:up'))
    );
  });

  return {
    urls: servers.map(({ url }) => url),

    /**
     * Moves a slot with everything in it to another master.
     *
     * @param {string} slot
     * @param {Master} from
     * @param {Master} to
     */
    async move(slot, from, to) {
      await ask(to.url, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
      await ask(from.url, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
      const { hostname, port } = new URL(to.url);
      for (const name of await ask(from.url, 'CLUSTER', 'GETKEYSINSLOT', slot, '1000')) {
        await ask(from.url, 'MIGRATE', hostname, port, name, '0', '5000');
      }
      for (const { url } of [to, from]) await ask(url, 'CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
    },

    /**
     * Kills a master, and waits until its replica has taken over.
     *
     * @param {Master} master
     */
    async kill(master) {
      // Redis confirms a write before a replica has it: without this, what was written last could go with the master.
      await ask(master.url, 'WAIT', '1', '5000');
      const [witness] = servers.filter(({ url }) => url !== master.url);
      await servers.find(({ url }) => url === master.url)?.kill();
      await until('a replica has taken over', async () => {
        const masters = await mastersOf(witness?.url ?? '');
        return masters.length === MASTERS && masters.every(({ id }) => id !== master.id);
      });
    },

    async stop() {
      await Promise.all(servers.map((server) => server.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * @param {number} port
 * @param {string} folder
 */
function startServer(port, folder) {
  const args = Object.entries({
    ...{ port, bind: '127.0.0.1', dir: folder, dbfilename: `${port}.rdb`, save: '', 'repl-diskless-sync-delay': 0 },
    ...{ 'cluster-enabled': 'yes', 'cluster-config-file': `${port}.conf`, 'cluster-node-timeout': 1000 },
  }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  return {
    url: `redis://127.0.0.1:${port}`,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * The file in which a server keeps what it knows of its cluster.
 *
 * @param {number} own
 * @param {number[]} ports
 */
function nodesFor(own, ports) {
  const lines = ports.map((port, index) => {
    const place = index % MASTERS;
    const [first, end] = [place, place + 1].map((part) => Math.floor((SLOTS * part) / MASTERS));
    const role =
      index < MASTERS
        ? `master - 0 0 ${place + 1} connected ${first}-${Number(end) - 1}`
        : `slave ${idOf(ports[place])} 0 0 ${place + 1} connected`;
    return `${idOf(port)} 127.0.0.1:${port}@${port + 10_000} ${port === own ? 'myself,' : ''}${role}`;
  });
  return [...lines, `vars currentEpoch ${MASTERS} lastVoteEpoch 0`, ''].join('\n');
}

/** @param {number | undefined} port */
function idOf(port = 0) {
  return port.toString(16).padStart(40, '0');
}

/**
 * Ports of which the one 10,000 above is free, too: by that the servers of a cluster talk to each other.
 *
 * @param {number} count
 */
async function freePorts(count) {
  /** @type {Set<number>} */
  const ports = new Set();
  while (ports.size < count) {
    const port = 5000 + Math.floor(Math.random() * 5000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) ports.add(port);
  }
  return [...ports];
}

/** @param {number} port */
async function isFree(port) {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isListening;
}

/**
 * @param {string} what
 * @param {() => Promise<boolean>} isSo
 */
async function until(what, isSo) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`It took too long until ${what}.`);
    await delay(50);
  }
}
