// Operations of all kinds over a cache of 10,000 entries, 70 % of the reads from it. Prints the hit rate, and
// the growth of memory in the second half. Arguments: number of operations; what a store on Redis is made of, as JSON, without
// which the dictionary lives in memory.
import { openDictOn } from '../../scenarios/children/openDictOn.js';
import { bytesInUse } from './memory.js';

const PER_TICK = 250;
const HOT = 2000;
const COLD = 1_000_000;

const [count, source] = process.argv.slice(2);
const operations = Number(count);

const handle = await openDictOn('operations', source, { cache: { maxItems: 10_000 } });
const { dict } = handle;
await handle.setMany(Array.from({ length: HOT }, (_, index) => [`hot ${index}`, valueOf(index)]));

function valueOf(index) {
  return { index, text: 'x'.repeat(index % 200) };
}

function operate(index) {
  const kind = Math.random();
  const hot = `hot ${Math.floor(Math.random() * HOT)}`;
  if (kind < 0.7) return dict[hot];
  if (kind < 0.96) return handle.get(`cold ${Math.floor(Math.random() * COLD)}`);
  if (kind < 0.98) return handle.set(hot, valueOf(index));
  if (kind < 0.99) return handle.delete(`cold ${index}`);
  dict[hot] = valueOf(index);
  return undefined;
}

async function run(total) {
  for (let done = 0; done < total; done += PER_TICK) {
    await Promise.all(Array.from({ length: PER_TICK }, (_, index) => operate(done + index)));
  }
  await handle.flush();
}

await run(operations / 2);
const before = await bytesInUse();
await run(operations / 2);
const growth = (await bytesInUse()) - before;
const { hits, misses } = handle.stats();
console.log(JSON.stringify({ growth, hitRate: hits / (hits + misses) }));
await handle.close();
