// Cuts the feeds of many dictionaries again and again, each on a client of its own. Prints what is left of a thousand cuts.
// Arguments: URL of the server, package of the client.
import { setTimeout as sleep } from 'node:timers/promises';
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { bytesInUse } from './memory.js';
import { connectClient, endClient, traces, tracesLike } from './traces.js';

const HANDLES = 50;
const ROUNDS = 20;
/** A connection that held so long is dialled again after the shortest wait. */
const HOLD_MS = 130;

const [url, packageName] = process.argv.slice(2);
const admin = await connectClient(packageName, url);
const { signal } = new AbortController();
const clients = [];
const handles = [];
for (let index = 0; index < HANDLES; index++) {
  const client = await connectClient(packageName, url);
  const handle = await openDict({ namespace: `cut-${index}`, store: redisStore(client), verifyInterval: 100 });
  await handle.set('key', index);
  void handle.watch({ signal }).next();
  clients.push(client);
  handles.push(handle);
}

async function cut() {
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'PUBSUB']);
  // Each notices on its own connection; this one may be told before them.
  await until(() => handles.every((handle) => handle.state !== 'coherent'));
  await until(() => handles.every((handle) => handle.state === 'coherent'));
  await Promise.all(handles.map((handle, index) => handle.set('key', index)));
  await sleep(HOLD_MS);
}

async function until(holds) {
  const deadline = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('Waited in vain for the feeds.');
    await sleep(2);
  }
}

// What bounds the last writes ends a moment after them.
await sleep(HOLD_MS);
const before = await traces(clients[0], signal);
for (let round = 0; round < ROUNDS / 4; round++) await cut();
const bytesBefore = await bytesInUse();
for (let round = 0; round < ROUNDS; round++) await cut();
const after = await tracesLike(before, clients[0], signal);
const growth = (await bytesInUse()) - bytesBefore;
console.log(JSON.stringify({ before, after, growth, cuts: ROUNDS * HANDLES }));
for (const handle of handles) handle.destroy();
for (const client of [admin, ...clients]) await endClient(client);
