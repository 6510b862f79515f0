import { ConfigError } from '../../errors.ts';
import type { Deadline, Layout } from '../store.ts';
import { metaKey } from './names.ts';
import { connectProbe, type Probe } from './probe.ts';

/** What is behind a URL. */
export interface Inspection {
  /** What `redisStore` takes for it. */
  readonly options: Probe['options'];
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
  const probe = await connectProbe(url, deadline);
  try {
    const { options, connection } = probe;
    return { options, isCluster: connection.isCluster, layout: await layoutIn(probe, namespace, deadline) };
  } finally {
    probe.close();
  }
}

/**
 * The layout of a namespace; `undefined`: there is none.
 *
 * @throws {ConfigError} Its record can't be read.
 */
export async function layoutIn(
  { connection }: Probe,
  namespace: string,
  deadline: Deadline,
): Promise<Layout | undefined> {
  const found = await connection.query(['GET', metaKey(namespace)], deadline);
  if (found === null) return undefined;
  const { partitions, hash = 'none', codec, messages } = parsed((found as Buffer).toString());
  if (typeof partitions !== 'number' || typeof codec !== 'string')
    throw new ConfigError(`The record ${metaKey(namespace)} is none of this version of the library.`);
  return { partitions, hash, codec, messages };
}

function parsed(text: string): Partial<Layout> {
  try {
    return (JSON.parse(text) as Partial<Layout> | null) ?? {};
  } catch {
    return {};
  }
}
