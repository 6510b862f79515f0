export {
  redisStore,
  type RedisClusterLike,
  type RedisClusterOptions,
  type RedisConnectOptions,
  type RedisLike,
} from './store/redis/redisStore.ts';
