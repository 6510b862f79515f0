// @ts-check
// One mirror for all processes of a cluster: the primary holds it, and forwards its changes.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { openMirror } from 'neardict';
import { exampleStore } from './store.js';

/** @typedef {{ greeting: string, since: Date }} Config */

if (cluster.isPrimary) await main();
else work();

async function main() {
  /** @type {import('neardict').OpenedMirror<Config>} */
  const mirror = await openMirror({ namespace: 'example-cluster', store: exampleStore() });
  mirror.config.greeting = 'hello';
  mirror.config.since = new Date(0);

  // JSON, the default between processes, knows no dates.
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  // What comes before it listens would be lost.
  await once(worker, 'message');
  // In one turn, so that no change falls between them.
  worker.send({ ...mirror.current });
  const forward = (/** @type {readonly import('neardict').MirrorChange<Config>[]} */ changes) => {
    worker.send([...changes]);
  };
  mirror.on('change', forward);
  worker.once('disconnect', () => mirror.off('change', forward));

  mirror.config.greeting = 'good morning';
  const [seen] = await once(worker, 'message');
  console.log('the worker has seen:', seen.join(', then '));

  worker.disconnect();
  await once(worker, 'exit');
  await mirror.handle.clear();
  await mirror.close();
}

function work() {
  /** @type {Partial<Config>} The worker's own copy: code in the worker reads it without await. */
  const config = {};
  /** @type {string[]} */
  const seen = [];
  process.on('message', (message) => {
    if (!Array.isArray(message)) Object.assign(config, message);
    else for (const { key, now } of message) apply(config, key, now);
    seen.push(`${config.greeting} since ${config.since?.getUTCFullYear()}`);
    if (config.greeting === 'good morning') process.send?.(seen);
  });
  process.send?.('ready');
}

/**
 * @param {object} config
 * @param {string} key
 * @param {unknown} value
 */
function apply(config, key, value) {
  if (value === undefined) Reflect.deleteProperty(config, key);
  else Reflect.set(config, key, value);
}
