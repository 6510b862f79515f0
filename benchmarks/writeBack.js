// What does write-back save?
//
//   npm run build && node benchmarks/writeBack.js
//
// The same edits with write-through and with write-back on one server: a hot counter, and writes of many keys of which some
// are far more frequent than others (Zipf). Every edit has a turn of the event loop of its own, as in a server that answers
// requests. Counts the writes that Redis has executed and takes the wall time up to the last one in the store, in
// interleaved rounds, and prints the medians of their ratios.
import { setImmediate as turn } from 'node:timers/promises';
import { createClient } from 'redis';
import { openDict } from '../dist/index.js';
import { redisStore } from '../dist/redis.js';
import { startServer } from './server.js';

const ROUNDS = 5;
const EDITS = 20_000;
const KEYS = 10_000;

const server = await startServer();
const client = await createClient({ url: server.url }).connect();

/** Keys by Zipf's law: the n-th is used 1 / n as often as the first. */
const weights = Array.from({ length: KEYS }, (_, index) => 1 / (index + 1));
const total = weights.reduce((sum, weight) => sum + weight, 0);
const zipf = Array.from({ length: EDITS }, () => {
  let point = Math.random() * total;
  const index = weights.findIndex((weight) => (point -= weight) < 0);
  return `k${Math.max(index, 0)}`;
});

const workloads = {
  'hot counter': async (dict) => {
    for (let n = 0; n < EDITS; n++) {
      dict.n = ((await dict.n) ?? 0) + 1;
      await turn();
    }
  },
  'Zipf mix': async (dict) => {
    for (const [n, key] of zipf.entries()) {
      dict[key] = n;
      await turn();
    }
  },
};

/** Calls of the write script, and keys that they set. */
async function writes() {
  const info = await client.info('commandstats');
  const calls = (name) => Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return calls('evalsha') + calls('eval');
}

let namespaces = 0;
async function measure(work, write) {
  const store = redisStore({ url: server.url });
  const handle = await openDict({ namespace: `b${++namespaces}`, store, write });
  const before = await writes();
  const start = performance.now();
  await work(handle.dict);
  await handle.flush();
  const ms = performance.now() - start;
  const result = { ms, calls: (await writes()) - before, bytes: handle.stats().bytesOut };
  await handle.close();
  return result;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

for (const [name, work] of Object.entries(workloads)) {
  const rounds = [];
  await measure(work, 'through');
  for (let round = 0; round < ROUNDS; round++) {
    const through = await measure(work, 'through');
    const again = await measure(work, 'through');
    const back = await measure(work, 'back');
    rounds.push({ through, again, back });
  }
  const ratio = (pick) => median(rounds.map((round) => pick(round))).toFixed(3);
  console.log(name);
  console.log(
    `  calls:      ${median(rounds.map(({ through }) => through.calls))} -> ${median(rounds.map(({ back }) => back.calls))}`,
  );
  console.log(`  bytes:      ${ratio(({ through, back }) => back.bytes / through.bytes)} of write-through`);
  console.log(`  wall time:  ${ratio(({ through, back }) => back.ms / through.ms)} of write-through`);
  console.log(`  (A/A time:  ${ratio(({ through, again }) => again.ms / through.ms)})`);
}

await client.quit();
await server.stop();
