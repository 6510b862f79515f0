// Writes as fast as it can, one message for each write, until it is told to stop. Prints the writes per second.
import { openDictOn } from './openDictOn.js';

/** A handle has one call under way; so many handles keep the server busy. */
const HANDLES = 16;

const [namespace, source] = process.argv.slice(2);
const handles = await Promise.all(
  Array.from({ length: HANDLES }, () =>
    openDictOn(namespace, source, { cache: false, partitions: 1, connectTimeout: '2m' }),
  ),
);
let writes = 0;
const over = new AbortController();
process.once('message', () => over.abort());
const started = performance.now();
process.send('writing');
await Promise.all(
  handles.map(async (handle) => {
    while (!over.signal.aborted) await handle.set(`key${writes % 100}`, writes++);
  }),
);
console.log(Math.round((writes / (performance.now() - started)) * 1000));
process.disconnect();
await Promise.all(handles.map((handle) => handle.close()));
