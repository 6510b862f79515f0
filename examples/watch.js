// @ts-check
// Follows one key with its values, and all keys with their changes.
import { setTimeout as delay } from 'node:timers/promises';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

/** @typedef {{ lamp: string, door: string }} House */

/** @type {import('neardict').NearDict<House>} */
const house = await openDict({ namespace: 'example-watch', store: exampleStore() });

/** A consumer that is slow gets the latest value only. */
async function followLamp() {
  for await (const { value } of house.watch('lamp', { initial: true }))
    console.log('  the lamp is', value ?? 'not there');
}

/** Changes carry no values: who wants one reads it. */
async function followAll() {
  for await (const change of house.watch()) console.log(' ', change.type, 'key' in change ? change.key : 'everything');
}

/** @param {Promise<unknown>} writing */
async function show(writing) {
  await writing;
  await delay(50);
}

const following = [followLamp(), followAll()];
console.log('set the door');
await show(house.set('door', 'open'));
console.log('set the lamp');
await show(house.set('lamp', 'on'));
console.log('delete the door');
await show(house.delete('door'));
console.log('clear');
await show(house.clear());

await house.close(); // ends the loops, too
await Promise.all(following);
