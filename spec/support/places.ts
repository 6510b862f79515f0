import type { RedisClusterLike, RedisClusterOptions, RedisConnectOptions, RedisLike } from 'neardict/redis';
import { partitioner } from '../../lib/store/partitioner.ts';
import { hashTags, slotOfName } from '../../lib/store/redis/slots.ts';
import { connectClient } from './clients.ts';
import { connectCluster } from './clusterClients.ts';
import { type FaultProxy, startProxy } from './faultProxy.ts';
import { type Argument, connectAdmin } from './redisAdmin.ts';
import { type RedisCluster, startCluster } from './redisCluster.ts';
import { type RedisServer, startRedis } from './redisServer.ts';

/** What a store makes its connections of. It can be written as JSON. */
export type Source = RedisConnectOptions | RedisClusterOptions;

/** Where a scenario takes place: one server, or a cluster. */
export interface Place {
  readonly source: Source;
  /** Partitions of a dictionary that says nothing of them. */
  readonly partitions: number;
  /** A client as a user would lend it. */
  connect(): Promise<(RedisLike | RedisClusterLike) & { end(): Promise<void> }>;
  /** Sends a command to the server of the key that is its first argument. */
  send(...args: readonly Argument[]): Promise<unknown>;
  /** Sends a command to each master, and returns all replies. */
  sendAll(...args: readonly string[]): Promise<readonly unknown[]>;
  /** Makes a user known to each server, replicas included. */
  addUser(...rules: readonly string[]): Promise<void>;
  bytesAt(name: string): Promise<unknown>;
  /** What the names of a key's partition start with. Default: of a dictionary that says nothing of partitions. */
  startOf(namespace: string, key: string, partitions?: number): string;
  /** Puts a proxy before each master. */
  proxied(): Promise<ProxiedPlace>;
  pause(): void;
  resume(): Promise<void>;
  /** Ends all servers as a power cut would. */
  kill(): Promise<void>;
  /** Starts them again, empty. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProxiedPlace {
  readonly source: Source;
  readonly proxies: readonly FaultProxy[];
  stop(): Promise<void>;
}

/** For `describe.each`. */
export const places: readonly (readonly [name: string, start: () => Promise<Place>])[] = [
  ['one server', startOneServer],
  ['a cluster', startClusterPlace],
];

async function startOneServer(): Promise<Place> {
  const server = await startRedis();
  return oneServer(server);
}

function oneServer(server: RedisServer): Place {
  const { url } = server;
  const sendOnce = async (...args: readonly Argument[]): Promise<unknown> => {
    const admin = await connectAdmin(url);
    try {
      return await admin.send(...args);
    } finally {
      await admin.end();
    }
  };
  return {
    source: { url },
    partitions: 1,
    connect: () => connectClient(url),
    send: sendOnce,
    sendAll: async (...args) => [await sendOnce(...args)],
    addUser: async (...rules) => void (await sendOnce('ACL', 'SETUSER', ...rules)),
    bytesAt: (name) => bytesAt(url, name),
    startOf: (namespace) => namespace,
    async proxied() {
      const proxy = await startProxy(server.port);
      return { source: { url: proxy.url }, proxies: [proxy], stop: () => proxy.stop() };
    },
    pause: () => {
      server.pause();
    },
    resume: async () => {
      server.resume();
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
}

async function startClusterPlace(): Promise<Place> {
  const cluster = await startCluster();
  return clusterPlace(cluster);
}

function clusterPlace(cluster: RedisCluster): Place {
  const { nodes, rootNodes } = cluster;
  const partitions = 64;
  return {
    source: { rootNodes },
    partitions,
    connect: () => connectCluster(cluster),
    send: async (...args) => (await cluster.masterOf(slotOfName(String(args[1])))).send(...args),
    sendAll: async (...args) => Promise.all((await cluster.masters()).map((master) => master.send(...args))),
    addUser: async (...rules) => {
      await Promise.all(nodes.map((node) => node.send('ACL', 'SETUSER', ...rules)));
    },
    bytesAt: async (name) => bytesAt((await cluster.masterOf(slotOfName(name))).url, name),
    startOf: (namespace, key, count = partitions) => `${namespace}{${hashTags(count)[partitioner(count)(key)]}}`,
    proxied: () => proxiedCluster(cluster),
    pause: () => {
      for (const node of nodes) node.pause();
    },
    async resume() {
      for (const node of nodes) node.resume();
      await cluster.isWell();
    },
    async kill() {
      await Promise.all(nodes.map((node) => node.kill()));
    },
    async restart() {
      await Promise.all(nodes.map((node) => node.restart()));
      await cluster.isWell();
    },
    stop: () => cluster.stop(),
  };
}

/** Puts a proxy before each master, in their order. */
export async function proxiedCluster(cluster: RedisCluster): Promise<ProxiedPlace> {
  const masters = await cluster.masters();
  const proxies = await Promise.all(masters.map(({ port }) => startProxy(port)));
  const addresses = proxies.map(({ url }, index) => {
    const { hostname, port } = new URL(url);
    return [`127.0.0.1:${masters[index]?.port}`, { host: hostname, port: Number(port) }] as const;
  });
  return {
    source: { rootNodes: proxies.map(({ url }) => ({ url })), nodeAddressMap: Object.fromEntries(addresses) },
    proxies,
    async stop() {
      for (const proxy of proxies) await proxy.stop();
    },
  };
}

async function bytesAt(url: string, name: string): Promise<unknown> {
  const client = await connectClient(url);
  const options = { returnBuffers: true, typeMapping: { 36: Buffer } };
  try {
    return await client.sendCommand(['GET', name], options);
  } finally {
    await client.end();
  }
}
