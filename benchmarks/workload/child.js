// One process of a workload. Arguments: the library's file in peers/, the mix, URL of the server, and whether it writes
// the records. Says when it is ready, and works as long as it is told.
import { median } from '../bench/compare.js';
import { drawer, keyOf, MIXES, RECORDS } from './mixes.js';

const [, , library, mixName, url, fills] = process.argv;
const mix = MIXES[mixName];
const { open } = await import(`../peers/${library}.js`);
const { read, write } = await open(url);

const WORKERS = 16;
/** One of so many requests is timed. */
const SAMPLE = 8;
/** Drawn beforehand: the draw takes longer than a hit. */
const DRAWN = 1 << 18;
const draw = drawer(mix, Math.random);
const keys = Array.from({ length: RECORDS }, (_, record) => keyOf(record, mix));
const drawn = Uint32Array.from({ length: DRAWN }, draw);
const isWrite = Uint8Array.from({ length: DRAWN }, () => (Math.random() < mix.writes ? 1 : 0));
const value = 'x'.repeat(mix.valueBytes);
if (fills === 'true') await fill();

process.on('message', (durationMs) => {
  void work(durationMs).then(({ count, times }) => {
    times.sort((a, b) => a - b);
    process.send({ count, p50: median(times), p99: times[Math.floor(times.length * 0.99)] });
  });
});
process.on('disconnect', () => process.exit());
process.send('ready');

async function work(durationMs) {
  const end = performance.now() + durationMs;
  const times = [];
  let count = 0;
  const loop = async () => {
    for (;;) {
      const at = count++ % DRAWN;
      if (count % SAMPLE > 0) {
        await (isWrite[at] ? write(keys[drawn[at]], value) : read(keys[drawn[at]]));
        continue;
      }
      const start = performance.now();
      if (start > end) return;
      await (isWrite[at] ? write(keys[drawn[at]], value) : read(keys[drawn[at]]));
      times.push(1000 * (performance.now() - start));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, loop));
  return { count, times };
}

async function fill() {
  for (let first = 0; first < RECORDS; first += 500) {
    await Promise.all(keys.slice(first, first + 500).map((key) => write(key, value)));
  }
}
