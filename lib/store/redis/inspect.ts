import { ConfigError, ConnectTimeoutError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import type { Deadline, Layout } from '../store.ts';
import { ClusterClient } from './clusterClient.ts';
import { ownedSource, type RedisClusterOptions } from './clusterSource.ts';
import { Connection } from './connection.ts';
import { metaKey } from './names.ts';
import { assertConnectOptions, clientMaker, OwnedClient, type RedisConnectOptions } from './ownedClient.ts';

/** What is behind a URL. */
export interface Inspection {
  /** What `redisStore` takes for it. */
  readonly options: RedisConnectOptions | RedisClusterOptions;
  readonly isCluster: boolean;
  /** The layout of the namespace; `undefined`: there is none. */
  readonly layout: Layout | undefined;
}

/**
 * Looks whether a URL leads to a single server or to one of a cluster, and how a namespace is laid out there.
 *
 * @throws {ConfigError} The URL is wrong.
 * @throws {ConnectTimeoutError} Nobody answers there.
 */
export async function inspect(url: string, namespace: string, deadline: Deadline): Promise<Inspection> {
  assertConnectOptions({ url });
  const single = new OwnedClient(await clientMaker({ url }));
  try {
    const connection = await connected(single, deadline);
    if (!(await isPartOfCluster(connection, deadline)))
      return { options: { url }, isCluster: false, layout: await layoutIn(connection, namespace, deadline) };
  } finally {
    single.close();
  }
  const options = { rootNodes: [{ url }] };
  const cluster = new ClusterClient(await ownedSource(options));
  try {
    const connection = await connected(cluster, deadline);
    return { options, isCluster: true, layout: await layoutIn(connection, namespace, deadline) };
  } finally {
    cluster.close();
  }
}

async function connected(client: OwnedClient | ClusterClient, deadline: Deadline): Promise<Connection> {
  const late = (): Error => new ConnectTimeoutError('Redis did not answer.', { cause: client.lastError });
  await new Deadlines().within(client.connected, deadline, late);
  return new Connection(client);
}

/** A single server, and a user who may not ask, are refused. */
async function isPartOfCluster(connection: Connection, deadline: Deadline): Promise<boolean> {
  try {
    await connection.query(['CLUSTER', 'SLOTS'], deadline);
    return true;
  } catch (error) {
    const { cause } = error as UnavailableError;
    if (cause instanceof Error && /^(ERR|NOPERM)/.test(cause.message)) return false;
    throw error;
  }
}

async function layoutIn(connection: Connection, namespace: string, deadline: Deadline): Promise<Layout | undefined> {
  const found = await connection.query(['GET', metaKey(namespace)], deadline);
  if (found === null) return undefined;
  const { partitions, hash = 'none', codec } = parsed((found as Buffer).toString());
  if (typeof partitions !== 'number' || typeof codec !== 'string')
    throw new ConfigError(`The record ${metaKey(namespace)} is none of this version of the library.`);
  return { partitions, hash, codec };
}

function parsed(text: string): Partial<Layout> {
  try {
    return JSON.parse(text) as Partial<Layout>;
  } catch {
    return {};
  }
}
