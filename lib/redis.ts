export { redisStore, type RedisConnectOptions, type RedisLike } from './store/redis/redisStore.ts';
