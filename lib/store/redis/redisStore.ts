import { ConfigError } from '../../errors.ts';
import type { Deadline, SpaceOptions, Store } from '../store.ts';
import { assertSingleServerClient, discard, duplicateForMessages, type OwnClient, type RedisLike } from './client.ts';
import { Connection } from './connection.ts';
import { assertRedisUrl, connectOwned, type RedisConnectOptions } from './ownedClient.ts';
import { RedisSpace } from './redisSpace.ts';
import { Subscriber } from './subscriber.ts';

export type { RedisLike } from './client.ts';
export type { RedisConnectOptions } from './ownedClient.ts';

/** What the namespaces of a store share while at least one is open. */
interface Link {
  readonly connection: Connection;
  readonly subscriber: Subscriber;
  close(): void;
}

/**
 * A store on one Redis or Valkey server, from version 6.2.
 *
 * @param source - A connected client of node-redis 4, 5 or 6, which is *borrowed*: commands are sent over it, and it is
 *   never connected, subscribed, reconfigured or closed. Or `{ url }` with other options of `createClient`: the client is
 *   made when the first dictionary opens, closed with the last, and never keeps the process alive.
 *   Messages come over one connection of their own for all dictionaries of this store.
 * @throws {ConfigError} `source` is neither, or a cluster, pool, Sentinel or `legacyMode` client.
 */
export function redisStore(source: RedisLike | RedisConnectOptions): Store {
  if (isConnectOptions(source)) assertRedisUrl(source.url);
  else assertSingleServerClient(source);
  let link: Promise<Link> | undefined;
  let users = 0;

  const release = async (): Promise<void> => {
    if (--users > 0 || link === undefined) return;
    const closing = link;
    link = undefined;
    (await closing).close();
  };

  return {
    name: 'redis',
    defaultPartitions: 1,
    async open(options, deadline) {
      users++;
      try {
        link ??= connect(source, deadline);
        return await openSpace(await link, options, deadline, release);
      } catch (error) {
        await release().catch(() => {});
        throw error;
      }
    },
  };
}

async function openSpace(
  { connection, subscriber }: Link,
  options: SpaceOptions,
  deadline: Deadline,
  release: () => Promise<void>,
): Promise<RedisSpace> {
  const space = new RedisSpace(connection, subscriber, options, release);
  await space.checkLayout(deadline);
  return space;
}

async function connect(source: RedisLike | RedisConnectOptions, deadline: Deadline): Promise<Link> {
  const isOwned = isConnectOptions(source);
  if (!isOwned && !source.isOpen) {
    throw new ConfigError('The Redis client is not connected. Call `await client.connect()` before openDict().');
  }
  const client = isOwned ? await connectOwned(source, deadline) : source;
  const connection = new Connection(client);
  const subscriber = new Subscriber(() => duplicateForMessages(client));
  return {
    connection,
    subscriber,
    close() {
      subscriber.close();
      connection.release();
      if (isOwned) discard(client as OwnClient, false);
    },
  };
}

function isConnectOptions(source: RedisLike | RedisConnectOptions): source is RedisConnectOptions {
  return typeof source === 'object' && source !== null && 'url' in source && !('sendCommand' in source);
}
