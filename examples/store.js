// @ts-check
import { memoryStore } from 'neardict';
import { redisStore } from 'neardict/redis';

/** Where the examples keep their dictionary: in the Redis of REDIS_URL, or else in the memory of this process. */
export function exampleStore() {
  const url = process.env.REDIS_URL;
  return url ? redisStore({ url }) : memoryStore();
}
