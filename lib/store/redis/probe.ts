import type { UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import type { Deadline } from '../store.ts';
import { ClusterClient } from './clusterClient.ts';
import { ownedSource, type RedisClusterOptions } from './clusterSource.ts';
import { Connection } from './connection.ts';
import { noAnswer } from './failures.ts';
import { metaKey, namespaceOfMeta } from './names.ts';
import { assertRedisUrl, clientMaker, OwnedClient, type RedisConnectOptions } from './ownedClient.ts';

/** A connection to what is behind a URL, by which tools look at it. */
export interface Probe {
  /** What `redisStore` takes for it. */
  readonly options: RedisConnectOptions | RedisClusterOptions;
  readonly connection: Connection;
  close(): void;
}

/**
 * Connects to a single server, or to all of a cluster of which the URL names one.
 *
 * @throws {ConfigError} The URL is wrong.
 * @throws {ConnectTimeoutError} Nobody answers there.
 */
export async function connectProbe(url: string, deadline: Deadline): Promise<Probe> {
  assertRedisUrl(url, 'The URL of the server');
  const single = await connected({ url }, new OwnedClient(await clientMaker({ url })), deadline);
  try {
    if (!(await isPartOfCluster(single.connection, deadline))) return single;
  } catch (error) {
    single.close();
    throw error;
  }
  single.close();
  const options = { rootNodes: [{ url }] };
  return connected(options, new ClusterClient(await ownedSource(options)), deadline);
}

/** The names of all namespaces that have a record of their layout. */
export async function namespacesIn({ connection }: Probe, deadline: () => Deadline): Promise<string[]> {
  const namespaces = new Set<string>();
  for (const server of await connection.servers(deadline())) {
    let cursor = '0';
    do {
      const args = ['SCAN', cursor, 'MATCH', metaKey('*'), 'COUNT', '1000', 'TYPE', 'string'];
      const [next, names] = (await connection.query(args, deadline(), false, server)) as [Buffer, Buffer[]];
      cursor = String(next);
      for (const name of names) {
        const namespace = namespaceOfMeta(String(name));
        if (namespace !== undefined) namespaces.add(namespace);
      }
    } while (cursor !== '0');
  }
  return [...namespaces].toSorted();
}

async function connected(
  options: Probe['options'],
  client: OwnedClient | ClusterClient,
  deadline: Deadline,
): Promise<Probe> {
  const close = (): void => {
    client.close();
  };
  const late = (): Error => noAnswer(client.lastError);
  try {
    await new Deadlines().within(client.connected, deadline, late);
  } catch (error) {
    close();
    throw error;
  }
  return { options, connection: new Connection(client), close };
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
