// @ts-check
// A dictionary on a Redis Cluster: where its keys lie, and how reading goes on while a slot moves and a master dies. Without
// REDIS_URL it starts a cluster of its own where redis-server is installed, else the partitions are in memory. With REDIS_URL,
// the address of any server of a cluster, it only reads and writes there.
import { setTimeout as delay } from 'node:timers/promises';
import { memoryStore, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { ask, mastersOf, namesOn } from './clusterNodes.js';
import { hasRedisServer, startCluster } from './ownCluster.js';

/** @import { NearDict, Store } from 'neardict' */
/** @import { OwnCluster } from './ownCluster.js' */
/** @typedef {NearDict<Record<string, number>>} Visits */

const namespace = 'example-redis-cluster';

if (process.env.REDIS_URL) await onCluster([process.env.REDIS_URL]);
else if (hasRedisServer()) await onOwnCluster();
else await inMemory();

async function onOwnCluster() {
  const own = await startCluster();
  try {
    await onCluster(own.urls, own);
  } finally {
    await own.stop();
  }
}

async function inMemory() {
  const visits = await openVisits(memoryStore());
  console.log('in memory, in 64 partitions:', await visits.snapshot());
  await visits.close();
}

/**
 * @param {readonly string[]} urls Of some of its servers: the library finds the others.
 * @param {OwnCluster} [own] Where slots may be moved and servers killed.
 */
async function onCluster(urls, own) {
  const [url = ''] = urls;
  if (!String(await ask(url, 'INFO', 'cluster')).includes('cluster_enabled:1')) {
    console.log('The server of REDIS_URL is no cluster. Without REDIS_URL this example starts one.');
    return;
  }
  const visits = await openVisits(redisStore({ rootNodes: urls.map((each) => ({ url: each })) }));
  for (const { master, names } of await places(url)) console.log(`${master.address} has ${names.join(', ')}`);
  if (own) await throughChanges(visits, own);
  await visits.clear();
  await visits.close();
}

/** @param {Store} store */
async function openVisits(store) {
  // A write may wait so long for a slot that moves, or for the replacement of a dead master.
  /** @type {Visits} */
  const visits = await openDict({ namespace, store, partitions: 64, timeout: '40s' });
  await visits.setMany({ lisbon: 1, ghent: 1, lund: 1, graz: 1, porto: 1, bergen: 1, turku: 1, cork: 1, brno: 1 });
  return visits;
}

/**
 * @param {Visits} visits
 * @param {OwnCluster} own
 */
async function throughChanges(visits, own) {
  const found = await places(own.urls[0] ?? '');
  const from = found.find(({ names }) => names.some(isLisbon));
  const to = found.find((place) => place !== from);
  if (!from || !to) throw new Error('lisbon is nowhere.');
  const slot = String(await ask(from.master.url, 'CLUSTER', 'KEYSLOT', from.names.find(isLisbon) ?? ''));

  console.log(`the slot of lisbon moves to ${to.master.address} ...`);
  await whileReading(visits, own.move(slot, from.master, to.master));
  await visits.update('lisbon', (count = 0) => count + 1);

  console.log(`${to.master.address} is killed ...`);
  await whileReading(visits, own.kill(to.master));
  await visits.update('lisbon', (count = 0) => count + 1);

  console.log(`lisbon: ${await visits.get('lisbon', { fresh: true })}`);
}

/**
 * Reads all the time until a change of the cluster is done. A read that fails ends the example.
 *
 * @param {Visits} visits
 * @param {Promise<void>} change
 */
async function whileReading(visits, change) {
  let reads = 0;
  const done = change.then(() => true);
  do {
    await visits.get('lisbon'); // from memory, while it is proven to be current
    await visits.get('lisbon', { fresh: true }); // from the master, as soon as there is one
    reads += 2;
  } while (!(await Promise.race([done, delay(20, false)])));
  console.log(`... meanwhile ${reads} reads, each of them answered`);
}

/** The masters that have something of the dictionary, and the names of it there. @param {string} url Of any server. */
async function places(url) {
  const masters = await mastersOf(url);
  const found = masters.map(async (master) => ({ master, names: await namesOn(master, `${namespace}{*}/*`) }));
  return (await Promise.all(found)).filter(({ names }) => names.length > 0);
}

/** @param {string} name */
function isLisbon(name) {
  return name.endsWith('/lisbon');
}
