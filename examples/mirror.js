// @ts-check
// Code that reads its settings without await, from an object that is always current.
import { openDict, openMirror } from 'neardict';
import { exampleStore } from './store.js';

/** @typedef {{ db: { host: string }, port: number }} Config */

/** @param {Partial<Config>} config Any plain object would do. */
function describe(config) {
  const { db = { host: 'localhost' }, ...rest } = config;
  return [`${db.host}:${config.port}`, rest];
}

const store = exampleStore();
/** @type {import('neardict').NearDict<Config>} Another process. */
const elsewhere = await openDict({ namespace: 'settings', store });
await elsewhere.set('db', { host: 'localhost' });

/** @type {import('neardict').OpenedMirror<Config>} */
const mirror = await openMirror({ namespace: 'settings', store });
const { config } = mirror;

config.port = 8080; // written for all processes, seen here at once
console.log('mine:  ', ...describe(config)); // no await: it goes where a plain config object is expected

mirror.on('change', (changes) => {
  for (const { key, before, now } of changes) console.log(' ', key, 'was', before, 'and is', now);
});
await elsewhere.set('db', { host: 'db.example.org' });
await mirror.when('db', (db) => db?.host === 'db.example.org');
console.log('later: ', ...describe(config));

await mirror.close();
await elsewhere.clear();
await elsewhere.close();
