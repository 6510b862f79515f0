// What does a cached entry take in memory, beside one of a Map?
import { setTimeout as sleep } from 'node:timers/promises';
import { Packr } from 'msgpackr/pack';
import { compare } from '../bench/compare.js';

export const stores = ['redis-v4', 'redis-v5', 'redis-v6'];

const ENTRIES = 100_000;
const BATCH = 1000;
const packr = new Packr({ useRecords: false });

export async function measure({ open }) {
  const writer = await open({ namespace: 'memory', cache: false });
  await writer.setMany(Array.from({ length: ENTRIES }, (_, index) => [keyOf(index), valueOf(index)]));
  return [
    await compare({
      id: 'memory',
      what: 'memory of a cached entry, its key and value included',
      limit: '`Map` of the same keys and values',
      goal: 1.4,
      unit: 'bytes',
      rounds: 3,
      // Values that came from elsewhere, as ours did: objects of a literal in the program share a part of what they hold.
      base: () => held(() => new Map(Array.from({ length: ENTRIES }, (_, index) => [keyOf(index), unpackedOf(index)]))),
      measure: () =>
        held(async () => {
          const handle = await open({ namespace: 'memory', cache: { maxItems: 2 * ENTRIES } });
          for (let first = 0; first < ENTRIES; first += BATCH) {
            await Promise.all(Array.from({ length: BATCH }, (_, index) => handle.dict[keyOf(first + index)]));
          }
          if (handle.stats().entries !== ENTRIES) throw new Error('Not all entries are cached.');
          return handle;
        }),
    }),
  ];
}

/** Bytes for each entry of what is made. */
async function held(make) {
  const empty = used();
  const made = [await make()];
  // What its making has left goes with timers.
  await sleep(100);
  const bytes = (used() - empty) / ENTRIES;
  await made[0].close?.();
  made.length = 0;
  await sleep(100);
  return bytes;
}

function used() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function keyOf(index) {
  return `entry:${String(index).padStart(10, '0')}`;
}

function valueOf(index) {
  return { id: index, name: `name of ${index}`, tags: ['a', 'b'], isActive: true, score: index / 3 };
}

function unpackedOf(index) {
  return packr.unpack(packr.pack(valueOf(index)));
}
