// What do sharded messages save the servers of a cluster?
//
//   npm run build && node benchmarks/clusterBus.js URL-of-a-server-of-a-cluster
//
// One process follows all keys of another that writes them one after the other, with and without sharded messages.
import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster } from 'redis-v6';
import { openDict } from '../dist/index.js';
import { redisStore } from '../dist/redis.js';

const [url] = process.argv.slice(2);
const WRITES = 6000;
const keys = Array.from({ length: 640 }, (_, index) => `key ${index}`);

const clients = await Promise.all([connect(), connect()]);
const [{ masters, replicas }] = clients;
const rows = [];
for (const shardedPubSub of [false, true]) rows.push(await measure(shardedPubSub));
console.table(rows);
for (const client of clients) client.destroy();

function connect() {
  return createCluster({ rootNodes: [{ url }] })
    .on('error', console.error)
    .connect();
}

async function measure(shardedPubSub) {
  const namespace = `cluster-bus-${shardedPubSub}`;
  const open = (client) => openDict({ namespace, store: redisStore(client, { shardedPubSub }) });
  const [writer, reader] = await Promise.all(clients.map(open));
  await writer.setMany(Object.fromEntries(keys.map((key) => [key, 0])));
  while (keys.some((key) => reader.peek(key) === undefined)) await reader.getMany(keys);

  const before = await used();
  const { messages, hits } = reader.stats();
  for (let index = 0; index < WRITES; index++) {
    const key = keys[(index * 7) % keys.length];
    await writer.set(key, index);
    await reader.get(key);
  }
  await sleep(500);
  const after = await used();
  const stats = reader.stats();
  await writer.clear();
  await Promise.all([writer.close(), reader.close()]);
  return {
    'sharded messages': shardedPubSub,
    'messages between servers per write': ((after.sent - before.sent) / WRITES).toFixed(2),
    'us of all servers per write': ((1e6 * (after.seconds - before.seconds)) / WRITES).toFixed(0),
    'messages to the reader per write': ((stats.messages - messages) / WRITES).toFixed(2),
    'hits of its reads': ((stats.hits - hits) / WRITES).toFixed(3),
  };
}

/** Messages that the servers have sent to one another, and processor time that they have used. */
async function used() {
  return {
    sent: await sumOf(['CLUSTER', 'INFO'], /messages_publish(?:shard)?_sent:(\d+)/g),
    seconds: await sumOf(['INFO', 'cpu'], /^used_cpu_(?:user|sys):([\d.]+)/gm),
  };
}

async function sumOf(command, pattern) {
  let sum = 0;
  for (const node of [...masters, ...replicas]) {
    const client = await clients[0].nodeClient(node);
    const text = await client.sendCommand(command);
    for (const [, value] of text.matchAll(pattern)) sum += Number(value);
  }
  return sum;
}
