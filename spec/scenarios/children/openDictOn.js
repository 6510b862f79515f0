import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';

/** Opens a dictionary as a script of a user would: on a server of that URL, or in memory without one. */
export function openDictOn(namespace, url, options = {}) {
  return openDict({ namespace, ...(url === undefined ? {} : { store: redisStore({ url }) }), ...options });
}
