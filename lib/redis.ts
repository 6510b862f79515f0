export {
  redisStore,
  type RedisClusterLike,
  type RedisConnectOptions,
  type RedisLike,
} from './store/redis/redisStore.ts';
