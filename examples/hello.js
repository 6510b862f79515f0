// @ts-check
// Assign, await, delete: a dictionary that every process with this namespace shares.
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

const settings = await openDict({ namespace: 'example-hello', store: exampleStore() });
const { dict } = settings;

dict.hello = 'world'; // writes in the background, visible here at once
console.log(await dict.hello); // 'world', from memory, in every process
delete dict.hello;
await settings.flush(); // everything written so far is in the store, or this rejects and says what is not
console.log(await dict.hello); // undefined

await settings.close();
