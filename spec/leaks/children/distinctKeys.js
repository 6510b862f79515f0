// Many different keys pass through everything that remembers keys for a while: reads in flight, writes that wait,
// entries ahead of the feed, caches, missing keys, changes that nobody fetches, calls with a signal.
// Prints the growth of memory in the second half. Arguments: number of keys; what a store on Redis is made of, as JSON,
// without which the dictionary lives in memory.
import { getEventListeners } from 'node:events';
import { openDictOn } from '../../scenarios/children/openDictOn.js';
import { bytesInUse } from './memory.js';

const AT_ONCE = 1000;

const [count, source] = process.argv.slice(2);
const keyCount = Number(count);
const { signal } = new AbortController();
const open = (cache) => openDictOn('distinct', source, { cache });
const lru = await open({ maxItems: 10_000 });
const all = await open('all');
// Nobody fetches its changes.
const watcher = lru.watch({ signal });
all.on('change', () => {});

/** What is done with a thousand keys, in turn. */
const uses = [
  (keys) => Promise.all(keys.map((key) => lru.get(key))),
  (keys) => Promise.all(keys.map((key) => all.get(key))),
  (keys) => all.deleteMany(keys),
  (keys) => {
    for (const key of keys) delete lru.dict[key];
    return lru.flush();
  },
  (keys) => Promise.all(keys.map((key) => lru.get(key, { fresh: true, signal }))),
];
let turn = 0;

async function pass(from, to) {
  for (let at = from; at < to; at += AT_ONCE) {
    await uses[turn++ % uses.length](Array.from({ length: AT_ONCE }, (_, index) => `key number ${at + index}`));
  }
}

/** The least of four looks on the way: tables that are full give up half or all of what they hold, each in its time. */
async function passAndLook(from, to) {
  let least = Number.POSITIVE_INFINITY;
  for (let at = from; at < to; at += (to - from) / 4) {
    await pass(at, at + (to - from) / 4);
    least = Math.min(least, await bytesInUse());
  }
  return least;
}

await pass(0, 0.3 * keyCount);
const before = await passAndLook(0.3 * keyCount, 0.5 * keyCount);
await pass(0.5 * keyCount, 0.8 * keyCount);
const growth = (await passAndLook(0.8 * keyCount, keyCount)) - before;
console.log(JSON.stringify({ growth, abortListeners: getEventListeners(signal, 'abort').length }));
await watcher.return();
await lru.close();
await all.close();
