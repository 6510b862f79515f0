// README of cacheable: "Storage Tiering and Caching", "CacheableSync - Distributed Updates".
import KeyvRedis from '@keyv/redis';
import { RedisMessageProvider } from '@qified/redis';
import { Cacheable } from 'cacheable';

export async function open(url) {
  const cache = new Cacheable({
    ttl: '1h',
    secondary: new KeyvRedis(url),
    sync: { qified: new RedisMessageProvider({ uri: url }) },
  });
  cache.on('error', () => {});
  return {
    read: (key) => cache.get(key),
    write: (key, value) => cache.set(key, value),
  };
}
