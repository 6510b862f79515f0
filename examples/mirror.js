// @ts-check
// Code that reads its settings without await, from an object that is always current.
import { openDict, openMirror } from 'neardict';
import { exampleStore } from './store.js';

/** @typedef {{ db: { host: string }, port: number }} Config */

/** @param {Partial<Config>} config Any plain object would do. */
function describe(config) {
  const { db = { host: 'localhost' }, ...rest } = config;
  return [`${db.host}:${config.port ?? 80}`, rest];
}

const store = exampleStore();
/** @type {import('neardict').NearDict<Config>} Another process. */
const elsewhere = await openDict({ namespace: 'settings', store });
await elsewhere.set('db', { host: 'localhost' });

await run();
await elsewhere.clear();
await elsewhere.close();

async function run() {
  /** @type {import('neardict').OpenedMirror<Config>} */
  // prettier-ignore
  const mirror = await openMirror({ namespace: 'settings', store });
  const { config } = mirror;
  console.log('loaded:', ...describe(config));
  mirror.on('change', (changes) => {
    for (const { key, before, now } of changes) console.log(' ', key, 'was', before, 'and is', now);
  });

  config.port = 8080;
  console.log('mine:  ', ...describe(config));

  await elsewhere.set('db', { host: 'db.example.org' });
  await mirror.when('db', (db) => db?.host === 'db.example.org');
  console.log('later: ', ...describe(config));

  await mirror.close();
}
