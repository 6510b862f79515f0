import { createClient } from 'redis';
import type { RedisLike } from 'neardict/redis';

/** A client as a user would connect it, with the major version under test. */
export interface TestClient extends RedisLike {
  /** Closes it whatever its state. */
  end(): Promise<void>;
}

export async function connectClient(url: string, options: object = {}): Promise<TestClient> {
  const client = createClient({ url, ...options });
  client.on('error', () => {});
  await client.connect();
  return Object.assign(client as unknown as RedisLike, {
    async end() {
      const { destroy, disconnect } = client as { destroy?: () => void; disconnect?: () => Promise<void> };
      if (!client.isOpen) return;
      if (destroy === undefined) await disconnect?.call(client);
      else destroy.call(client);
    },
  });
}
