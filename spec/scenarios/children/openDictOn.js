import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';

/** Opens a dictionary as a script of a user would: on what a store is made of, in JSON, or in memory without it. */
export function openDictOn(namespace, source, options = {}) {
  const store = source === undefined ? undefined : redisStore(JSON.parse(source));
  return openDict({ namespace, store, ...options });
}
