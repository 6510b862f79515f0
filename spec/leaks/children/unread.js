// One process has cached keys and does not read them again while another one writes them, each in one call with many
// others. Prints the growth of its memory per cached value of 200 bytes. Argument: what a store on
// Redis is made of, as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { openDictOn } from '../../scenarios/children/openDictOn.js';
import { bytesInUse } from './memory.js';

const CACHED = 300;
const OTHERS = 299;

const source = process.argv[2];
// What nobody reads is not verified either: the values may be looked at for longer.
const reader = await openDictOn('unread', source, { maxStaleness: '10m' });
const writer = await openDictOn('unread', source, { cache: false });
const value = (index) => String(index).padStart(200, 'x');
const others = Array.from({ length: OTHERS }, (_, index) => [`other ${index}`, value(0)]);
const keys = Array.from({ length: CACHED }, (_, index) => `cached ${index}`);

await writer.setMany(keys.map((key) => [key, value(0)]));
await reader.getMany(keys);
const before = await bytesInUse();
const heard = reader.stats().messages;
for (const key of keys) await writer.setMany([[key, value(1)], ...others]);
while (reader.stats().messages < heard + CACHED) await sleep(10);
const bytesPerValue = ((await bytesInUse()) - before) / CACHED;

const following = keys.filter((key) => reader.peek(key) === value(1)).length;
console.log(JSON.stringify({ bytesPerValue, following }));
await reader.close();
await writer.close();
