// README of layered-loader: "Update notifications", "Forcing a specific value".
import { Redis } from 'ioredis';
import { createNotificationPair, Loader, RedisCache } from 'layered-loader';

export async function open(url) {
  const connect = () => new Redis(url).on('error', () => {});
  const { publisher, consumer } = createNotificationPair({
    channel: 'compared',
    consumerRedis: connect(),
    publisherRedis: connect(),
  });
  const loader = new Loader({
    inMemoryCache: { ttlInMsecs: 3_600_000, maxItems: 10_000 },
    asyncCache: new RedisCache(connect(), { ttlInMsecs: 3_600_000 }),
    notificationConsumer: consumer,
    notificationPublisher: publisher,
  });
  await loader.init();
  return {
    read: (key) => loader.get(key),
    write: (key, value) => loader.forceSetValue(key, value),
  };
}
