// Adds one to each of ten counters in turn, many times, with update(). Prints how many updates were of unknown outcome.
import { openDictOn } from './openDictOn.js';

const [namespace, source, times] = process.argv.slice(2);
const handle = await openDictOn(namespace, source, { timeout: '30s', connectTimeout: '2m' });
handle.on('error', () => {});
process.send('open');
await new Promise((resolve) => process.once('message', resolve));
let unknown = 0;
for (let index = 0; index < Number(times);) {
  try {
    await handle.update(`counter${index % 10}`, (n = 0) => n + 1);
    index++;
  } catch (error) {
    // What was certainly not applied is tried again.
    if (error.code === 'ERR_NEARDICT_AMBIGUOUS_WRITE') unknown++;
    if (error.code === 'ERR_NEARDICT_AMBIGUOUS_WRITE') index++;
    else if (error.code !== 'ERR_NEARDICT_UNAVAILABLE' && error.code !== 'ERR_NEARDICT_CONFLICT') throw error;
  }
}
console.log(unknown);
process.disconnect();
await handle.close();
