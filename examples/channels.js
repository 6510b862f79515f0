// @ts-check
// Sees each call to the store by Node's diagnostics channels, without a dependency.
import { subscribe } from 'node:diagnostics_channel';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

subscribe('tracing:neardict:read:asyncEnd', (event) => {
  const { namespace, keys, result, error } = /** @type {import('neardict').ReadEvent} */ (event);
  console.log(`${namespace}: asked for ${keys.length} keys, found ${error === undefined ? result : 'an error'}`);
});

const settings = await openDict({ namespace: 'example-channels', store: exampleStore() });
await settings.getMany(['title', 'theme']); // one call
await settings.getMany(['title', 'theme']); // from memory: nothing is published
await settings.close();
