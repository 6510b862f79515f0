// What does a mirror cost: a read, an entry in memory, the load of 100,000 entries?
//
//   npm run build && node --expose-gc benchmarks/mirror.js
//
// Each figure is a ratio of medians over interleaved rounds in one process. Reads are measured in processor time, and
// `again` shows their noise.
import { setTimeout as sleep } from 'node:timers/promises';
import { compileFunction } from 'node:vm';
import { unpack } from 'msgpackr';
import { createClient } from 'redis';
import { openDict, openMirror } from '../dist/index.js';
import { redisStore } from '../dist/redis.js';
import { RAW } from './bench/stage.js';
import { startServer } from './server.js';

const KEYS = 1000;
const READ_ROUNDS = 101;
const READS = 200 * KEYS;
const ENTRIES = 100_000;
const LOAD_ROUNDS = 7;
const MEMORY_ROUNDS = 5;

/** A function for each object, as a call site of a program would see one object. */
const readers = new Map();

if (globalThis.gc === undefined) throw new Error('Run it with node --expose-gc.');

console.log(`node ${process.version}\n`);
/** o[k] over 1,000 keys in shuffled order. */
async function compareReads() {
  const handle = await openDict({ namespace: 'reads' });
  const keys = Array.from({ length: KEYS }, (_, index) => `service-${index}.timeoutMs`);
  await handle.setMany(keys.map((key, index) => [key, index]));
  const { config, current } = await handle.mirror();
  // What was loaded is unpacked in the background; until then a read goes through a trap.
  await sleep(500);
  const plain = {};
  for (const key of keys) plain[key] = config[key];
  shuffle(keys);
  // Its first value takes so long that unpacking in the background pauses; and no timer runs while this is measured.
  const packed = await openDict({ namespace: 'packed' });
  await packed.set(
    'large',
    Array.from({ length: 300_000 }, (_, index) => index % 100),
  );
  await packed.setMany(keys.map((key, index) => [key, index]));
  const { config: packedConfig } = await packed.mirror();

  const objects = {
    'plain object': plain,
    'plain object, again': plain,
    'mirror.current': current,
    config,
    'config, some packed': packedConfig,
  };
  const results = await interleave(READ_ROUNDS, objects, (object) => {
    const before = process.cpuUsage();
    readAll(object, keys);
    return (1e3 * process.cpuUsage(before).user) / READS;
  });
  print(`read o[k], ${KEYS} keys shuffled`, results, 'plain object', 'ns');
  await packed.close();
  await handle.close();
}

function readAll(object, keys) {
  let read = readers.get(object);
  if (read === undefined) {
    read = compileFunction(
      `let sum = 0;
       for (let round = 0; round < ${READS / KEYS}; round++) for (const key of keys) sum += object[key];
       return sum;`,
      ['object', 'keys'],
    );
    readers.set(object, read);
  }
  return read(object, keys);
}

/** Heap per entry: what is freed when the thing is let go. Values are numbers, so that only the entry counts. */
async function compareMemory() {
  const keys = Array.from({ length: ENTRIES }, (_, index) => `key ${index}`);
  const writer = await openDict({ namespace: 'memory', cache: false });
  await writer.setMany(keys.map((key) => [key, key.length]));
  const makers = {
    'plain object': async () => {
      const plain = {};
      for (const key of keys) plain[key] = key.length;
      return [plain, () => {}];
    },
    mirror: async () => {
      const mirror = await openMirror({ namespace: 'memory' });
      return [mirror, () => mirror.close()];
    },
    'mirror with current': async () => {
      const mirror = await openMirror({ namespace: 'memory' });
      return [[mirror, mirror.current], () => mirror.close()];
    },
  };
  const results = await interleave(MEMORY_ROUNDS, makers, async (make) => {
    const made = [await make()];
    // What its making has left goes with timers, and what it has loaded is unpacked in the background.
    await sleep(1000);
    const full = heap();
    await made[0][1]();
    made.length = 0;
    await sleep(100);
    return (full - heap()) / ENTRIES;
  });
  print(`memory per entry, ${ENTRIES} numbers`, results, 'plain object', 'bytes');
  await writer.close();
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/**
 * The load of a mirror against the same entries by raw pipelined MGET of known keys, and against making an object of as
 * many new keys with no store at all; and what a first read takes right after the load, where the value is unpacked.
 */
async function compareLoads() {
  const server = await startServer();
  const client = await createClient({ url: server.url }).connect();
  const store = redisStore(client);
  const keys = Array.from({ length: ENTRIES }, (_, index) => `key ${index}`);
  const writer = await openDict({ namespace: 'load', store, cache: false, timeout: '1m' });
  await writer.setMany(keys.map((key, index) => [key, { index, text: 'some text of a config value' }]));

  const getAll = (take) =>
    Promise.all(
      Array.from({ length: ENTRIES / 500 }, async (_, batch) => {
        const some = keys.slice(500 * batch, 500 * (batch + 1));
        const names = some.map((key) => `load/${key}`);
        take(some, await client.sendCommand(['MGET', ...names], RAW));
      }),
    );
  const firstReads = { 'first read': [], 'second read': [] };
  const loads = {
    'raw pipelined MGET': async () => {
      await getAll(() => {});
      return () => {};
    },
    'the same, unpacked': async () => {
      const object = {};
      await getAll((some, values) => some.forEach((key, index) => (object[key] = unpack(values[index]))));
      return () => {};
    },
    'an object of new keys': async () => {
      const object = Object.create(null);
      for (const key of keys.join('\n').split('\n')) object[key] = key.length;
      return () => {};
    },
    'mirror()': async () => {
      const handle = await openDict({ namespace: 'load', store, cache: false, timeout: '1m' });
      const mirror = await handle.mirror();
      return async () => {
        for (const times of Object.values(firstReads)) times.push(timePerRead(mirror.config, keys));
        if (Object.keys(mirror.config).length !== ENTRIES) throw new Error('The mirror is not whole.');
        await handle.close();
        // What is unpacked in the background would take its time from the next one.
        await sleep(1000);
      };
    },
  };
  const results = await interleave(LOAD_ROUNDS, loads, async (load) => {
    const start = performance.now();
    const finish = await load();
    const rate = ENTRIES / (performance.now() - start);
    await finish();
    return rate;
  });
  print(`load of ${ENTRIES} entries`, results, 'raw pipelined MGET', 'entries/ms');
  print('each of them read after the load', firstReads, 'second read', 'ns');
  await writer.close();
  await client.disconnect();
  await server.stop();
}

function timePerRead(config, keys) {
  const start = performance.now();
  for (const key of keys) if (config[key] === undefined) throw new Error('The mirror is not whole.');
  return (1e6 * (performance.now() - start)) / keys.length;
}

async function interleave(rounds, subjects, measure) {
  const results = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, subject] of Object.entries(subjects)) results[name].push(await measure(subject));
  }
  return results;
}

function print(title, results, limit, unit) {
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const base = median(results[limit]);
  console.log(title);
  for (const [name, values] of Object.entries(results)) {
    console.log(
      `  ${name.padEnd(22)} ${median(values).toFixed(1).padStart(8)} ${unit}  ${(median(values) / base).toFixed(2)}`,
    );
  }
  console.log();
}

function shuffle(items) {
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [items[index], items[other]] = [items[other], items[index]];
  }
}

await compareReads();
await compareMemory();
await compareLoads();
