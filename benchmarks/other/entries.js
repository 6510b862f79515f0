// How do hits and memory grow with the number of entries?
import { setTimeout as sleep } from 'node:timers/promises';
import { medians, nanoseconds } from '../bench/compare.js';

export const stores = ['redis-v6'];

const SIZES = [100, 1000, 10_000, 100_000, 1_000_000];
const READS = 200_000;
const BATCH = 1000;
const ROUNDS = 5;

export async function measure({ open }) {
  const handle = await open({ namespace: 'growth', cache: 'all', timeout: 60_000 });
  const map = new Map();
  const keys = [];
  const hits = { Map: [], neardict: [] };
  const memory = { Map: [], neardict: [] };
  const grown = { Map: 0, neardict: 0 };
  for (const size of SIZES) {
    const added = Array.from({ length: size - keys.length }, (_, index) => `key ${keys.length + index}`);
    for (const key of added) keys.push(key);
    grown.Map += await growth(() => added.forEach((key) => map.set(key, valueOf(key))));
    grown.neardict += await growth(async () => {
      await handle.setMany(added.map((key) => [key, valueOf(key)]));
      await readAll(handle, added);
    });
    const order = Array.from({ length: READS }, (_, index) => keys[(index * 7919 * 31) % size]);
    const costs = await medians(
      {
        Map: () => nanoseconds(READS, () => readMap(map, order)),
        neardict: () => nanoseconds(READS, () => readDict(handle.dict, order)),
      },
      ROUNDS,
    );
    for (const name of ['Map', 'neardict']) {
      hits[name].push([size, 1e9 / costs[name]]);
      memory[name].push([size, grown[name]]);
    }
  }
  return [
    { chart: 'hits', title: 'Hits per second', x: 'entries', y: 'million hits per second', scale: 1e6, series: hits },
    { chart: 'memory', title: 'Memory', x: 'entries', y: 'MB', scale: 1e6, isLog: true, series: memory },
  ];
}

async function readMap(map, order) {
  // oxlint-disable-next-line typescript/await-thenable -- what a program without a store would do
  for (const key of order) await map.get(key);
}

async function readDict(dict, order) {
  for (const key of order) await dict[key];
}

async function readAll({ dict }, keys) {
  for (const some of chunk(keys, BATCH)) await Promise.all(some.map((key) => dict[key]));
}

function chunk(items, size) {
  const chunks = [];
  for (let first = 0; first < items.length; first += size) chunks.push(items.slice(first, first + size));
  return chunks;
}

/** Bytes that are held when it is done. */
async function growth(act) {
  const before = await used();
  await act();
  return (await used()) - before;
}

async function used() {
  // What is left of earlier work goes with timers.
  await sleep(200);
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function valueOf(key) {
  return `the value of ${key}`;
}
