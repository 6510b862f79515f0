// @ts-check
// Counters that are written every 100 ms at most, however often they change, and that no other process can spoil.
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

const store = exampleStore();
const namespace = 'example-write-back';

/** Both have counted: the sum of what each has added. */
const add = (base = 0, mine = 0, theirs = 0) => theirs + mine - base;

/** @type {import('neardict').NearDict<Record<string, number>>} */
const counts = await openDict({ namespace, store, write: { mode: 'back', flushInterval: 100, onConflict: add } });
counts.on('conflict', ({ key, base, mine, theirs, resolution, result }) => {
  console.log(`conflict of ${key}, ${resolution}:`, { base, mine, theirs, result });
});

for (let n = 0; n < 1000; n++) counts.dict.visits = ((await counts.dict.visits) ?? 0) + 1;
await counts.flush();
const { edits, flushes } = counts.stats();
console.log(`${edits} edits${flushes < 100 ? ', many as one' : ''}`);

// Another process counts in the meantime, and both go on.
/** @type {import('neardict').NearDict<Record<string, number>>} */
const other = await openDict({ namespace, store });
counts.dict.visits = ((await counts.dict.visits) ?? 0) + 5;
await other.update('visits', (n = 0) => n + 30);
await counts.flush();
console.log(`visits: ${await counts.get('visits')}`);

await counts.clear();
await counts.close();
await other.close();
