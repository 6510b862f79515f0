import { ConfigError } from '../../errors.ts';
import { type OwnClient, type RedisLike, singleUse } from './client.ts';
import { assertRedisUrl, importRedis, makeFirst } from './ownedClient.ts';
import { type Address, splitAddress } from './slotMap.ts';

/* oxlint-disable typescript/no-explicit-any -- loose parameters are what makes clients of node-redis 4, 5 and 6 assignable */

/** One server of a cluster as node-redis knows it. `client` is absent, or a promise, while it has no connection. */
interface ClusterNodeLike {
  readonly address: string;
  readonly client?: any;
}

/** The part of a node-redis cluster client (major 4, 5 or 6) that is used. */
export interface RedisClusterLike {
  readonly isOpen: boolean;
  readonly masters: readonly any[];
  readonly slots: readonly any[];
  readonly nodeByAddress: ReadonlyMap<string, any>;
  sendCommand(firstKey: any, isReadonly: any, args: any, options?: any): Promise<any>;
  nodeClient(node: any): any;
}
/* oxlint-enable typescript/no-explicit-any */

/** How to reach a cluster: the options of node-redis' `createCluster` that are used. */
export interface RedisClusterOptions {
  /** Servers to begin with, each with `url` or `socket: { host, port }`. One that answers is enough. */
  readonly rootNodes: readonly { readonly url?: string; readonly [option: string]: unknown }[];
  /** Options of the connections to all servers. Default: user, password and TLS of the first of `rootNodes`. */
  readonly defaults?: { readonly [option: string]: unknown };
  /** Where to reach a server that calls itself `host:port`. Default: there. */
  readonly nodeAddressMap?: Readonly<Record<string, Place>> | ((address: string) => Place | undefined);
  readonly [option: string]: unknown;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** What a cluster is reached by. */
export interface ClusterSource {
  /** Whether it may be used. */
  readonly isOpen: boolean;
  /** Servers to begin with. */
  readonly seeds: readonly Address[];
  makeClient(address: Address, overrides?: object): OwnClient;
}

/** Whether it is a cluster client; that of a single server has no nodes. */
export function isClusterClient(client: unknown): client is RedisClusterLike {
  return typeof client === 'object' && client !== null && 'nodeClient' in client && 'slots' in client;
}

export function isClusterOptions(source: object): source is RedisClusterOptions {
  return typeof source === 'object' && source !== null && 'rootNodes' in source && !('sendCommand' in source);
}

/**
 * Refuses options that could never connect.
 *
 * @throws {ConfigError} It says what to pass instead.
 */
export function assertClusterOptions({ rootNodes }: RedisClusterOptions): void {
  if (!Array.isArray(rootNodes) || rootNodes.length === 0) {
    throw new ConfigError(
      "The option 'rootNodes' must list servers of the cluster, like [{ url: 'redis://host:6379' }].",
    );
  }
  for (const { url, socket } of rootNodes as RedisClusterOptions['rootNodes']) {
    if (url !== undefined) assertRedisUrl(url, "The 'url' of each of rootNodes");
    else if (typeof (socket as Partial<Place> | undefined)?.port !== 'number')
      throw new ConfigError("Each of the option 'rootNodes' must have a 'url', or a 'socket' with 'host' and 'port'.");
  }
}

/**
 * Finds out how to make connections like those of a borrowed cluster client.
 *
 * The client itself carries no commands. In node-redis 4 and 5 it does not notice when a master is replaced while it has
 * nothing to ask of the others, in 4 a connection that was redirected never comes back, and all majors hold commands back
 * until there is a connection, when their callers have long given up.
 */
export async function borrowedSource(cluster: RedisClusterLike): Promise<ClusterSource> {
  const masters = cluster.masters as readonly ClusterNodeLike[];
  const ready = masters.map(({ client }) => client as RedisLike | undefined).find((client) => client?.isReady === true);
  const template = ready ?? (await Promise.any(masters.map(async (node) => cluster.nodeClient(node) as RedisLike)));
  return {
    get isOpen() {
      return cluster.isOpen;
    },
    seeds: masters.map(({ address }) => address),
    makeClient(address, overrides) {
      const known = cluster.nodeByAddress.get(address) as ClusterNodeLike | undefined;
      const place = socketOf(known?.client as RedisLike | undefined) ?? splitAddress(address);
      return clientFor(template, place, overrides);
    },
  };
}

/**
 * Finds out how to make connections from options.
 *
 * @throws {ConfigError} The package `redis` is not installed, or refuses the options.
 */
export async function ownedSource({
  rootNodes,
  defaults,
  nodeAddressMap,
}: RedisClusterOptions): Promise<ClusterSource> {
  const { createClient } = await importRedis();
  const roots = rootNodes.map((root) =>
    makeFirst(() => createClient(singleUse({ ...root, ...withSocketsOf(root, defaults) }))),
  );
  const [template] = roots as [OwnClient];
  return {
    isOpen: true,
    seeds: roots.map((root) => {
      const { host = 'localhost', port = 6379 } = socketOf(root) ?? {};
      return `${host}:${port}`;
    }),
    makeClient(address, overrides) {
      const mapped = typeof nodeAddressMap === 'function' ? nodeAddressMap(address) : nodeAddressMap?.[address];
      return clientFor(template, mapped ?? splitAddress(address), overrides);
    },
  };
}

function withSocketsOf(
  root: { readonly [option: string]: unknown },
  defaults: object = {},
): { readonly socket: object } {
  const { socket } = defaults as { readonly socket?: object };
  return { ...defaults, socket: { ...socket, ...(root['socket'] as object | undefined) } };
}

function clientFor(template: RedisLike, { host, port }: Place, overrides?: object): OwnClient {
  // The URL would win over the place.
  const options = { url: undefined, ...overrides, socket: { ...socketOf(template), host, port } };
  return template.duplicate(singleUse(options)) as OwnClient;
}

function socketOf(client: RedisLike | undefined): Place | undefined {
  return (client as { readonly options?: { readonly socket?: Place } } | undefined)?.options?.socket;
}
