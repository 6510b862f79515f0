// What does a dictionary take of its server: memory for a key and for the change log, time for a position reading?
//
//   npm run build && node benchmarks/serverMemory.js
import { createClient } from 'redis';
import { openDict } from '../dist/index.js';
import { redisStore } from '../dist/redis.js';
import { startServer } from './server.js';

const KEYS = 100_000;
/** After them and those that made the keys, the change log is as long as it gets. */
const CALLS = 603;
const READINGS = 20_000;
const keyOf = (index) => `key-${String(index).padStart(7, '0')}`;
// As msgpack 200 bytes.
const value = 'x'.repeat(198);

const server = await startServer();
const client = await createClient({ url: server.url }).connect();
const handle = await openDict({ namespace: 'memory', store: redisStore(client), timeout: 60_000 });
const before = await usedMemory();
for (let index = 0; index < KEYS; index += 1000)
  await handle.setMany(Array.from({ length: 1000 }, (_, offset) => [keyOf(index + offset), value]));
const perKey = ((await usedMemory()) - before) / KEYS;
for (let index = 0; index < CALLS; index++) await handle.set(keyOf(index), value);
const log = await client.memoryUsage('memory#log');
const cpuBefore = await usedCpu();
for (let count = 0; count < READINGS; count++) await client.get('memory#position');
const usPerReading = (1e6 * ((await usedCpu()) - cpuBefore)) / READINGS;

console.table({
  'bytes of a key of 11 characters and a value of 200 bytes': perKey.toFixed(0),
  'bytes of the change log': log,
  'calls in it': await client.lLen('memory#log'),
  'us of processor time for a position reading, one after the other': usPerReading.toFixed(1),
});
await handle.close();
await client.quit();
await server.stop();

async function usedMemory() {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]);
}

async function usedCpu() {
  const found = (await client.info('cpu')).matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm);
  return [...found].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}
