// Writes as fast as it can until it is told to stop, then prints how many writes it made.
import { openDictOn } from './openDictOn.js';

const [namespace, url] = process.argv.slice(2);
const handle = await openDictOn(namespace, url);
let writes = 0;
let isOver = false;
process.once('message', () => {
  isOver = true;
});
process.send('writing');
while (!isOver) {
  // One call and one message each: a call under way keeps the next ones back, so every write is awaited.
  await Promise.all([handle.set(`key${writes % 100}`, writes)]);
  writes++;
  if (writes % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}
console.log(writes);
process.disconnect();
await handle.close();
