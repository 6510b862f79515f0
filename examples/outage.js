// @ts-check
// What a program sees while its store is away: here a store with a plug that can be pulled.
import { setTimeout as delay } from 'node:timers/promises';
import { openDict, UnavailableError } from 'neardict';
import { exampleStore } from './store.js';

/** @import { NearDict, Space, Store } from 'neardict' */

const plug = { isIn: true };

/** @type {NearDict<{ colour: string }>} */
const handle = await openDict({
  namespace: 'example-outage',
  store: withPlug(exampleStore()),
  maxStaleness: '500ms',
});
const { dict, reads } = handle;
handle.on('state', (now, before) => console.log(`state: ${before} -> ${now}`));
handle.on('error', (error) => console.log(`error: ${String(error)}`));

await handle.set('colour', 'red');
console.log('read:', await reads.colour);

plug.isIn = false;
console.log('read, from memory, as long as maxStaleness allows:', await reads.colour);

dict.colour = 'blue';
await handle.flush().catch((error) => console.log(`flush: ${error.message}`));
console.log('read, without what was not written:', await reads.colour);

await delay(700);
await handle.get('colour').catch((error) => console.log(`read: ${error}`));

plug.isIn = true;
await delay(700);
console.log('read:', await reads.colour);

await handle.clear();
await handle.close();

/**
 * @param {Store} store
 * @returns {Store} The same, except that nothing is answered while the plug is out.
 */
function withPlug(store) {
  return {
    ...store,
    open: async (options, deadline) => plugged(await store.open(options, deadline)),
  };
}

/** @param {Space} space */
function plugged(space) {
  const needPower = new Set(['read', 'write', 'position']);
  return new Proxy(space, {
    get(target, name) {
      if (!plug.isIn && needPower.has(String(name))) return fail;
      const member = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

async function fail() {
  throw new UnavailableError('The plug is out.');
}
