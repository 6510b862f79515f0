import { createCluster } from 'redis';
import type { RedisClusterLike } from 'neardict/redis';
import type { RedisCluster } from './redisCluster.ts';

/** A cluster client as a user would connect it, with the major version under test. */
export interface TestClusterClient extends RedisClusterLike {
  /** Closes it whatever its state. */
  end(): Promise<void>;
}

export async function connectCluster({ rootNodes }: RedisCluster, options: object = {}): Promise<TestClusterClient> {
  // A socket object of its own for each node: see the README about node-redis 4 after a redirection.
  const client = createCluster({ rootNodes: [...rootNodes], defaults: { socket: {} }, ...options });
  client.on('error', () => {});
  await client.connect();
  return Object.assign(client as unknown as RedisClusterLike, {
    async end() {
      if (!client.isOpen) return;
      const { destroy, disconnect } = client as { destroy?: () => void; disconnect?: () => Promise<void> };
      if (destroy === undefined) await disconnect?.call(client);
      else destroy.call(client);
    },
  });
}
