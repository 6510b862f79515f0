export {
  redisStore,
  type RedisClusterLike,
  type RedisClusterOptions,
  type RedisConnectOptions,
  type RedisLike,
  type RedisStoreOptions,
} from './store/redis/redisStore.ts';
