import { ConfigError, ConnectTimeoutError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import type { Deadline, SpaceOptions, Store } from '../store.ts';
import { assertSingleServerClient, duplicateForOwnUse, type RedisLike } from './client.ts';
import { ClusterClient } from './clusterClient.ts';
import {
  assertClusterOptions,
  borrowedSource,
  type ClusterSource,
  isClusterClient,
  isClusterOptions,
  ownedSource,
  type RedisClusterLike,
  type RedisClusterOptions,
} from './clusterSource.ts';
import { Connection } from './connection.ts';
import { NotSentError, noAnswer } from './failures.ts';
import { LentClient } from './lentClient.ts';
import { commonPrefix } from './names.ts';
import {
  assertConnectOptions,
  clientMaker,
  type MakeClient,
  OwnedClient,
  type RedisConnectOptions,
} from './ownedClient.ts';
import { RedisSpace } from './redisSpace.ts';
import { ShardedSubscriber } from './shardedSubscriber.ts';
import { type MessageSource, Subscriber } from './subscriber.ts';
import { trackingSubscriber } from './tracking.ts';

export type { RedisLike } from './client.ts';
export type { RedisClusterLike, RedisClusterOptions } from './clusterSource.ts';
export type { RedisConnectOptions } from './ownedClient.ts';

/** How a store uses what it is made of. */
export interface RedisStoreOptions {
  /**
   * Messages of a partition come from its own master (`SPUBLISH`), instead of from any server of the cluster, to all of
   * which each message is sent otherwise. All processes that open a namespace must agree. Needs a cluster of version 7 or
   * later and node-redis 5 or 6; costs one connection to each master instead of one in all. Default: `false`.
   */
  readonly shardedPubSub?: boolean | undefined;
}

/** What namespaces share while at least one is open. */
interface Link {
  readonly connection: Connection;
  readonly subscriber: Subscriber;
  /** Of a cluster. */
  readonly sharded?: ShardedSubscriber | undefined;
  /** For connections that are not shared. */
  readonly makeClient: MakeClient;
  /** Resolves when there was a connection. */
  readonly connected: Promise<void>;
  readonly lastError: unknown;
  close(): void;
}

/** A link that is there from its first user to its last. */
class SharedLink {
  readonly #connect: () => Promise<Link>;
  #link: Promise<Link> | undefined;
  #users = 0;

  constructor(connect: () => Promise<Link>) {
    this.#connect = connect;
  }

  /** Each call must be followed by one of `release`, even if it failed. */
  acquire(): Promise<Link> {
    this.#users++;
    this.#link ??= this.#connect();
    return this.#link;
  }

  async release(): Promise<void> {
    if (--this.#users > 0) return;
    const link = this.#link;
    this.#link = undefined;
    (await link)?.close();
  }
}

/** By borrowed client: all stores made of it share their listeners on it and the connection for messages. */
const borrowed = new WeakMap<BorrowedClient, SharedLink>();

/** A client that somebody else connects and closes. */
type BorrowedClient = RedisLike | RedisClusterLike;

/** Partitions of a dictionary on a cluster: enough for it to lie evenly over many masters. */
const CLUSTER_PARTITIONS = 64;

/**
 * A store on one Redis or Valkey server, from version 6.2, or on a cluster.
 *
 * @param source - A connected client or cluster client of node-redis 4, 5 or 6, which is *borrowed*: it is never
 *   connected, subscribed, reconfigured or closed. Commands are sent over a client until it has lost its connection, and
 *   then over duplicates of it; for a cluster client, over duplicates of its connections, one to each master (see the
 *   README, connections). Or `{ url }` with other options of `createClient`, or `{ rootNodes }` with `defaults` and
 *   `nodeAddressMap` of `createCluster`: connections are made when the first dictionary opens, come back by themselves
 *   (`socket.reconnectStrategy` is not used), are closed with the last dictionary, and never keep the process alive.
 *   Messages come over one connection of their own for all dictionaries of this store, or of this client.
 * @throws {ConfigError} `source` is none of these, or a pool, Sentinel or `legacyMode` client, or a URL is wrong, or a
 *   single server is to have sharded messages.
 */
export function redisStore(
  source: RedisLike | RedisClusterLike | RedisConnectOptions | RedisClusterOptions,
  { shardedPubSub = false }: RedisStoreOptions = {},
): Store {
  const link = linkTo(source);
  const isCluster = isClusterClient(source) || isClusterOptions(source);
  if (shardedPubSub && !isCluster) throw new ConfigError("The option 'shardedPubSub' needs a cluster. Leave it out.");
  return {
    name: 'redis',
    defaultPartitions: isCluster ? CLUSTER_PARTITIONS : 1,
    async open(given, deadline) {
      const options = shardedPubSub ? withSharded(given) : given;
      const release = (): Promise<void> => link.release();
      try {
        return await openSpace(await link.acquire(), options, deadline, release);
      } catch (error) {
        await release().catch(() => {});
        throw error;
      }
    },
  };
}

function linkTo(source: RedisLike | RedisClusterLike | RedisConnectOptions | RedisClusterOptions): SharedLink {
  if (isClusterOptions(source)) {
    assertClusterOptions(source);
    return new SharedLink(async () => clusterLink(await ownedSource(source)));
  }
  if (isConnectOptions(source)) {
    assertConnectOptions(source);
    return new SharedLink(() => own(source));
  }
  if (!isClusterClient(source)) assertSingleServerClient(source);
  return linkOf(source);
}

function linkOf(client: BorrowedClient): SharedLink {
  const present = borrowed.get(client);
  if (present !== undefined) return present;
  const link = new SharedLink(() => borrow(client));
  borrowed.set(client, link);
  return link;
}

async function openSpace(
  link: Link,
  options: SpaceOptions,
  deadline: Deadline,
  release: () => Promise<void>,
): Promise<RedisSpace> {
  await new Deadlines().within(link.connected, deadline, () => notConnected(link.lastError));
  const subscriber = messageSource(link, options);
  const space = new RedisSpace(link.connection, subscriber, options, () => {
    if (options.tracking) subscriber.close();
    return release();
  });
  try {
    await space.start(deadline);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    throw performance.now() >= deadline || error.cause instanceof NotSentError ? notConnected(error) : error;
  }
  return space;
}

function withSharded(options: SpaceOptions): SpaceOptions {
  return { ...options, layout: { ...options.layout, messages: 'sharded' } };
}

function messageSource(link: Link, options: SpaceOptions): MessageSource {
  if (options.tracking) return trackingLink(link, options);
  if (options.layout.messages !== 'sharded') return link.subscriber;
  if (link.sharded?.isUsable === true) return link.sharded;
  throw new ConfigError("Sharded messages (the option 'shardedPubSub') need a cluster and node-redis 5 or 6.");
}

function trackingLink({ connection, makeClient }: Link, { namespace, layout }: SpaceOptions): Subscriber {
  if (!connection.isCluster) return trackingSubscriber(makeClient, commonPrefix(namespace, layout.partitions > 1));
  throw new ConfigError(
    "The option 'tracking' needs a single server: each node of a cluster reports its own keys only. Leave it out, and let other programs announce what they change.",
  );
}

async function own(options: RedisConnectOptions): Promise<Link> {
  const makeClient = await clientMaker(options);
  return linkOver(new OwnedClient(makeClient), makeClient);
}

async function borrow(client: BorrowedClient): Promise<Link> {
  if (!client.isOpen) {
    throw new ConfigError('The Redis client is not connected. Call `await client.connect()` before openDict().');
  }
  if (isClusterClient(client)) return clusterLink(await borrowedSource(client));
  return linkOver(new LentClient(client), (overrides) => duplicateForOwnUse(client, overrides));
}

function clusterLink(source: ClusterSource): Link {
  const cluster = new ClusterClient(source);
  const makeClient: MakeClient = (overrides) => cluster.clientForMessages(overrides);
  return linkOver(cluster, makeClient, new ShardedSubscriber(cluster));
}

function linkOver(
  client: OwnedClient | LentClient | ClusterClient,
  makeClient: MakeClient,
  sharded?: ShardedSubscriber,
): Link {
  const connection = new Connection(client);
  const subscriber = new Subscriber(makeClient);
  return {
    connection,
    subscriber,
    sharded,
    makeClient,
    connected: client.connected,
    get lastError() {
      return client.lastError;
    },
    close() {
      subscriber.close();
      sharded?.close();
      connection.release();
      client.close();
    },
  };
}

function notConnected(cause: unknown): ConnectTimeoutError {
  return noAnswer(cause, ' within connectTimeout');
}

function isConnectOptions(source: BorrowedClient | RedisConnectOptions): source is RedisConnectOptions {
  return typeof source === 'object' && source !== null && 'url' in source && !('sendCommand' in source);
}
