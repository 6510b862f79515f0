// How much server time does the change log add to a write, and what is left of a write without this and that?
//
//   npm run build && node benchmarks/changeLog.js
//
// Runs the script that sets one key as it is, again (A/A, which shows the noise), without its log, only setting and
// publishing, and doing nothing, and a bare SET, in interleaved rounds on one server with one listener, alone and in a
// pipeline, and compares the medians of the processor time that the server used for them.
import { createClient } from 'redis';
import { partitionNames } from '../build/lib/store/redis/names.js';
import { setScripts } from '../build/lib/store/redis/scripts.js';
import { writeCall } from '../build/lib/store/redis/writeCall.js';
import { startServer } from './server.js';

const ROUNDS = 11;
const VALUE = Buffer.alloc(100, 'x');
const OPTIONS = { origin: 1, inlineBytes: 256 };

const server = await startServer();
const client = await createClient({ url: server.url }).connect();

const isLog = /^if type\(redis\.pcall\('LPUSH'[\s\S]*?\nend\n.*LTRIM.*\n/m;
const bare = setScripts.PUBLISH.source.replace(isLog, '');
if (bare === setScripts.PUBLISH.source) throw new Error('The script no longer has a log to leave out.');
const load = async (source) => ['EVALSHA', await client.sendCommand(['SCRIPT', 'LOAD', source])];
const variants = {
  SET: undefined,
  'a write': await load(setScripts.PUBLISH.source),
  'a write, again': await load(setScripts.PUBLISH.source),
  'without the log': await load(bare),
  'SET and PUBLISH': await load("redis.call('SET', KEYS[3], ARGV[4]) redis.call('PUBLISH', ARGV[1], ARGV[4]) return 1"),
  nothing: await load('return 1'),
};
const listener = await createClient({ url: server.url }).connect();
await listener.subscribe('bench/update', () => {}, true);

/** Microseconds of processor time that the server has used so far. */
async function cpu() {
  const info = await client.info('cpu');
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].map(([, value]) => Number(value));
  return 1e6 * seconds.reduce((sum, value) => sum + value, 0);
}

/** Microseconds of processor time of the server for each of `writes`, of which so many are under way together. */
async function measure(command, writes, together) {
  const before = await cpu();
  const calls = [];
  for (let index = 0; index < writes; index++) {
    const key = `key ${index % 1000}`;
    const batch = { deletes: [], sets: [[key, VALUE]], clear: false };
    const { args } = writeCall(batch, partitionNames('bench'), OPTIONS, 'PUBLISH');
    calls.push(client.sendCommand(command === undefined ? ['SET', `bench/${key}`, VALUE] : [...command, ...args]));
    if (calls.length === together) await Promise.all(calls.splice(0));
  }
  await Promise.all(calls);
  return ((await cpu()) - before) / writes;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
for (const [writes, together] of [
  [1000, 1],
  [10_000, 500],
]) {
  const results = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, command] of Object.entries(variants))
      results[name].push(await measure(command, writes, together));
  }
  console.log(together === 1 ? 'alone' : 'in a pipeline');
  for (const [name, values] of Object.entries(results)) {
    const ratio = (median(values) / median(results['SET'])).toFixed(2);
    console.log(`${name.padEnd(20)} ${median(values).toFixed(2)} us  ${ratio}`);
  }
}
await listener.disconnect();
await client.disconnect();
await server.stop();
