// Opens, reads keys of every partition when it is told to, and ends without close(): the process must end by itself.
import { openDictOn } from './openDictOn.js';

const [namespace, source] = process.argv.slice(2);
const handle = await openDictOn(namespace, source, { partitions: 4, timeout: '1h' });
process.send('open');
await new Promise((resolve) => process.once('message', resolve));
const keys = Array.from({ length: 100 }, (_, index) => `key${index}`);
console.log(Object.keys(await handle.getMany(keys)).length);
process.disconnect();
