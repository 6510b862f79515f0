// README of cache-manager: "Usage", several stores. Other processes hear nothing of a write.
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import KeyvRedis from '@keyv/redis';

export async function open(url) {
  const stores = [new Keyv(), new Keyv({ store: new KeyvRedis(url) })];
  const cache = createCache({ stores });
  return {
    read: (key) => cache.get(key),
    write: (key, value) => cache.set(key, value),
  };
}
