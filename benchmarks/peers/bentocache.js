// https://bentocache.dev/docs/multi-tier
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';

export async function open(url) {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port) };
  const bento = new BentoCache({
    default: 'multitier',
    ttl: '1h',
    stores: {
      multitier: bentostore()
        .useL1Layer(memoryDriver({ maxItems: 10_000 }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection })),
    },
  });
  return {
    read: (key) => bento.get({ key }),
    write: (key, value) => bento.set({ key, value }),
  };
}
