// "Client Side Caching Support" in the documentation of node-redis.
import { createClient } from 'redis';

export async function open(url) {
  const client = createClient({
    url,
    RESP: 3,
    clientSideCache: { ttl: 0, maxEntries: 10_000, evictPolicy: 'LRU' },
  });
  client.on('error', () => {});
  await client.connect();
  return {
    read: (key) => client.get(key),
    write: (key, value) => client.set(key, value),
  };
}
