// What does it cost the server, and each process, that many processes have one dictionary open, in 1, 16, 64, 256 partitions?
//
//   npm run build && node --expose-gc benchmarks/fanOut.js [processes]
//
// Opens 64 dictionaries with connections of their own, as many processes would. Each reads a sixteenth of the keys, all in
// the same partitions where there are enough. Then one more writes key after key. Waits more than a minute for each number
// of partitions, until nobody follows the one any more that a dictionary follows when it opens.
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { openDict } from '../dist/index.js';
import { redisStore } from '../dist/redis.js';
import { partitioner } from '../build/lib/store/partitioner.js';
import { startServer } from './server.js';

const DICTIONARIES = Number(process.argv[2] ?? 64);
const SHARES = 16;
const WRITES = 6000;
const IDLE_MS = 5000;
const LEAVE_MS = 70_000;
const keys = Array.from({ length: 1600 }, (_, index) => `key ${index}`);

const server = await startServer();
const admin = await createClient({ url: server.url }).connect();
const rows = [];
for (const partitions of [1, 16, 64, 256]) rows.push(await measure(partitions));
const [one] = rows;
for (const row of rows) row['of one'] = (row['us per write'] / one['us per write']).toFixed(3);
console.table(rows);
await admin.quit();
await server.stop();

async function measure(partitions) {
  const namespace = `fan-out-${partitions}`;
  const open = () =>
    openDict({
      namespace,
      store: redisStore({ url: server.url }),
      partitions,
      connectTimeout: 60_000,
      timeout: 60_000,
    });
  const heapBefore = heapBytes();
  const dictionaries = [];
  for (let index = 0; index < DICTIONARIES; index++) dictionaries.push(await open());
  const heapPerDictionary = (heapBytes() - heapBefore) / DICTIONARIES;
  const writer = await open();
  await writer.setMany(Object.fromEntries(keys.map((key) => [key, 0])));
  const shareOf = shares(partitions);
  const readAll = () =>
    dictionaries.map((each, index) =>
      each.getMany(keys.filter((key) => shareOf(key) === index % SHARES)).catch(() => {
        // It was closed meanwhile.
      }),
    );
  const reading = setInterval(readAll, 500);
  await sleep(LEAVE_MS);

  const idle = await spend(() => sleep(IDLE_MS));
  const before = messagesOf(dictionaries);
  const busy = await spend(async () => {
    for (let index = 0; index < WRITES; index++) await writer.set(keys[(index * 7) % keys.length], index);
  });
  await sleep(1000);
  const deliveries = messagesOf(dictionaries) - before;
  const connections = Number(/connected_clients:(\d+)/.exec(await admin.info('clients'))[1]) - 1;
  clearInterval(reading);
  for (const each of [...dictionaries, writer]) await each.close();
  const idlePerMs = idle.us / idle.ms;
  return {
    partitions,
    'us per write': Number(((busy.us - idlePerMs * busy.ms) / WRITES).toFixed(2)),
    'deliveries per write': (deliveries / WRITES).toFixed(2),
    'readings per s': Math.round((1000 * idle.gets) / idle.ms),
    'idle server, %': ((100 * idlePerMs) / 1000).toFixed(1),
    'connections each': ((connections - 2) / DICTIONARIES).toFixed(2),
    'kB each': (heapPerDictionary / 1024).toFixed(0),
  };
}

/** In which share a key is: by its partition where there are at least as many partitions. */
function shares(partitions) {
  if (partitions < SHARES) return (key) => Number(key.slice(4)) % SHARES;
  const partitionOf = partitioner(partitions);
  return (key) => partitionOf(key) % SHARES;
}

/** What the server uses meanwhile: microseconds of processor time, milliseconds that it takes, position readings. */
async function spend(act) {
  const start = await used();
  await act();
  const end = await used();
  return { us: end.us - start.us, ms: end.ms - start.ms, gets: end.gets - start.gets };
}

async function used() {
  const info = await admin.info('cpu');
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].map(([, value]) => Number(value));
  const gets = Number(/cmdstat_get:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
  return { us: 1e6 * seconds.reduce((sum, value) => sum + value, 0), ms: performance.now(), gets };
}

function messagesOf(dictionaries) {
  return dictionaries.reduce((sum, each) => sum + each.stats().messages, 0);
}

function heapBytes() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
