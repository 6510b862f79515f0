// @ts-check
// One mirror for all worker threads: the main thread holds it, and forwards its changes.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { openMirror } from 'neardict';
import { exampleStore } from './store.js';

/** @typedef {{ greeting: string, limit: number }} Config */

if (isMainThread) await main();
else work();

async function main() {
  /** @type {import('neardict').OpenedMirror<Config>} */
  const mirror = await openMirror({ namespace: 'example-workers', store: exampleStore() });
  mirror.config.greeting = 'hello';

  const worker = new Worker(new URL(import.meta.url));
  // In one turn, so that no change falls between them. Messages wait until the worker listens.
  worker.postMessage(mirror.current);
  mirror.on('change', (changes) => worker.postMessage(changes));

  mirror.config.greeting = 'good morning';
  const [seen] = await once(worker, 'message');
  console.log('the worker has seen:', seen.join(', then '));

  await worker.terminate();
  await mirror.handle.clear();
  await mirror.close();
}

function work() {
  /** @type {Partial<Config>} The worker's own copy: code in the worker reads it without await. */
  const config = {};
  /** @type {unknown[]} */
  const seen = [];
  parentPort?.once('message', (current) => {
    Object.assign(config, current);
    seen.push(config.greeting);
    parentPort?.on('message', (/** @type {import('neardict').MirrorChange[]} */ changes) => {
      for (const { key, now } of changes) {
        if (now === undefined) Reflect.deleteProperty(config, key);
        else Reflect.set(config, key, now);
      }
      seen.push(config.greeting);
      if (config.greeting === 'good morning') parentPort?.postMessage(seen);
    });
  });
}
