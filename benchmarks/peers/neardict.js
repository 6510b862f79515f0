import { createClient } from 'redis';
import { openDict } from '../../dist/index.js';
import { redisStore } from '../../dist/redis.js';

/** By a client that is given, so that it is of the same major as that of the others. */
export async function open(url) {
  const client = await createClient({ url })
    .on('error', () => {})
    .connect();
  const handle = await openDict({ namespace: 'compared', store: redisStore(client) });
  handle.on('error', () => {});
  return {
    read: (key) => handle.get(key),
    write: (key, value) => handle.set(key, value),
  };
}
