// How much server time does the change log add to a write?
//
//   npm run build && node benchmarks/changeLog.js
//
// Runs the write script as it is, the same without the log, and the first again (A/A, which shows the noise) in interleaved
// rounds on one server, and compares the medians of the processor time that the server used for them.
import { createClient } from 'redis';
import { partitionNames } from '../build/lib/store/redis/names.js';
import { setScripts } from '../build/lib/store/redis/scripts.js';
import { writeCall } from '../build/lib/store/redis/writeCall.js';
import { startServer } from './server.js';

const ROUNDS = 15;
const WRITES = 10_000;
const VALUE = Buffer.alloc(100, 'x');
const OPTIONS = { origin: 1, inlineBytes: 256 };

const server = await startServer();
const client = await createClient({ url: server.url }).connect();

const isLog = /^if type\(redis\.pcall\('LPUSH'[\s\S]*?\nend\n.*LTRIM.*\n/m;
const bare = setScripts.PUBLISH.source.replace(isLog, '');
if (bare === setScripts.PUBLISH.source) throw new Error('The script no longer has a log to leave out.');
const load = async (source) => client.sendCommand(['SCRIPT', 'LOAD', source]);
const variants = {
  'with the log': await load(setScripts.PUBLISH.source),
  'without it': await load(bare),
  'with the log, again': await load(setScripts.PUBLISH.source),
};

/** Microseconds of processor time that the server has used so far. */
async function cpu() {
  const info = await client.info('cpu');
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].map(([, value]) => Number(value));
  return 1e6 * seconds.reduce((sum, value) => sum + value, 0);
}

/** Microseconds of processor time of the server per write. */
async function measure(sha, namespace) {
  const before = await cpu();
  const calls = [];
  for (let index = 0; index < WRITES; index++) {
    const key = `key ${index % 1000}`;
    const batch = { deletes: [], sets: [[key, VALUE]], clear: false };
    const { args } = writeCall(batch, partitionNames(namespace), OPTIONS, 'PUBLISH');
    calls.push(client.sendCommand(['EVALSHA', sha, ...args]));
    if (calls.length % 500 === 0) await Promise.all(calls.splice(0));
  }
  await Promise.all(calls);
  return ((await cpu()) - before) / WRITES;
}

const results = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, sha] of Object.entries(variants)) results[name].push(await measure(sha, 'bench'));
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const base = median(results['without it']);
for (const [name, values] of Object.entries(results)) {
  console.log(`${name.padEnd(20)} ${median(values).toFixed(2)} us  ${(median(values) / base).toFixed(3)}`);
}
await client.disconnect();
await server.stop();
