// README of cacheable: "Storage Tiering and Caching", "CacheableSync - Distributed Updates"; its memory is unbounded by default.
import KeyvRedis from '@keyv/redis';
import { RedisMessageProvider } from '@qified/redis';
import { Cacheable, createKeyv } from 'cacheable';

export async function open(url) {
  const cache = new Cacheable({
    ttl: '1h',
    primary: createKeyv({ lruSize: 10_000 }),
    secondary: new KeyvRedis(url),
    sync: { qified: new RedisMessageProvider({ uri: url }) },
  });
  cache.on('error', () => {});
  return {
    read: (key) => cache.get(key),
    write: (key, value) => cache.set(key, value),
  };
}
