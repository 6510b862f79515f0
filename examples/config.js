// @ts-check
// Code that awaits its settings takes a plain object today and a shared dictionary tomorrow.
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

/** @typedef {{ host: string, port: number, debug: boolean }} Config */

/** @param {import('neardict').MaybeAsync<Config>} config */
async function describe(config) {
  const address = `${await config.host}:${await config.port}`;
  return (await config.debug) ? `${address}, with debug output` : address;
}

/** @type {Config} */
const defaults = { host: 'localhost', port: 8080, debug: false };
console.log('plain: ', await describe(defaults));

/** @type {import('neardict').NearDict<Config>} */
const shared = await openDict({ namespace: 'example-config', store: exampleStore() });
Object.assign(shared.dict, defaults, { host: 'example.org' });
console.log('shared:', await describe(shared.dict));

// A change made anywhere arrives in every process, without a restart.
const operator = setInterval(() => {
  shared.dict.debug = true;
}, 10);
for await (const { value } of shared.watch('debug')) if (value) break;
clearInterval(operator);
console.log('later: ', await describe(shared.dict));

await shared.clear();
await shared.close();
