// Keeps assignments back: argv says how. Tells of each that was taken, and goes on until it is killed, or to the end.
import { setImmediate as turn } from 'node:timers/promises';
import { openDictOn } from './openDictOn.js';

const [namespace, source, flushInterval, maxDirty, count] = process.argv.slice(2);
const write = { mode: 'back', flushInterval, maxDirty: Number(maxDirty) };
const { dict } = await openDictOn(namespace, source, { write, connectTimeout: '1m' });
for (let n = 1; n <= Number(count);) {
  try {
    dict[`k${n}`] = n;
    process.send?.({ n, at: performance.now() });
    n++;
  } catch (error) {
    if (error.code !== 'ERR_NEARDICT_BACKPRESSURE') throw error;
  }
  await turn();
}
// Neither closed nor flushed: it ends because it has nothing else to do.
