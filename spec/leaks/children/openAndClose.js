// Opens, uses and closes a thousand dictionaries: on a borrowed client, and for `redis` every other one on its own clients.
// Prints what is left: on the client, on an AbortSignal, in the process, on the server, in memory.
// Arguments: URL of the server, package of the client.
import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { bytesInUse } from './memory.js';
import { connectClient, endClient, traces, tracesLike } from './traces.js';

const CYCLES = 1000;
const AT_ONCE = 5;

const [url, packageName] = process.argv.slice(2);
const client = await connectClient(packageName, url);
const { signal } = new AbortController();

function storeOf(index) {
  return redisStore(packageName === 'redis' && index % 2 === 0 ? { url } : client);
}

async function cycle(index) {
  const handle = await openDict({ namespace: `cycle-${index % AT_ONCE}`, store: storeOf(index) });
  handle.on('change', () => {});
  handle.on('error', () => {});
  const changes = handle.watch({ signal });
  const next = changes.next();
  await handle.set('key', index, { signal });
  await handle.get('key', { signal, fresh: true });
  await handle.getMany(['another key', 'a third'], { signal });
  handle.dict.last = index;
  if (index % 3 === 0) await changes.return();
  if (index % 5 === 0) handle.destroy();
  await handle.close().catch(() => {});
  await next;
}

async function cycles(count) {
  for (let done = 0; done < count; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => cycle(done + index)));
  }
}

const before = await traces(client, signal);
await cycles(CYCLES / 10);
const bytesBefore = await bytesInUse();
await cycles(CYCLES);
const after = await tracesLike(before, client, signal);
const growth = (await bytesInUse()) - bytesBefore;
console.log(JSON.stringify({ before, after, growth }));
await endClient(client);
