// @ts-check
// The first lines of the README: a client of your own, a dictionary on it.
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { createClient } from 'redis';

if (!process.env.REDIS_URL) {
  console.log('This example needs a server: set REDIS_URL, for instance to redis://localhost:6379.');
  process.exit();
}

const client = await createClient({ url: process.env.REDIS_URL }).connect();
const settings = await openDict({ namespace: 'settings', store: redisStore(client) });
const { dict } = settings;

dict.hello = 'world'; // writes in the background, visible here at once
await dict.hello; // 'world', from memory, in every process
delete dict.hello;
await settings.flush(); // everything written so far is in the store, or this rejects and says what is not

await settings.close();
await client.quit();
console.log('Written, read, deleted.');
