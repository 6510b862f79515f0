import { openDict } from '../../dist/index.js';
import { redisStore } from '../../dist/redis.js';

export async function open(url) {
  const handle = await openDict({ namespace: 'compared', store: redisStore({ url }) });
  handle.on('error', () => {});
  return {
    read: (key) => handle.get(key),
    write: (key, value) => handle.set(key, value),
  };
}
