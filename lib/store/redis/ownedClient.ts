import { ConfigError, ConnectTimeoutError, NearDictError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import type { Deadline } from '../store.ts';
import { discard, type OwnClient } from './client.ts';

/** How to make a client: the options of node-redis' `createClient`, `url` among them. */
export interface RedisConnectOptions {
  /** `redis[s]://[[user]:password@]host[:port][/database]`. */
  readonly url: string;
  readonly [option: string]: unknown;
}

const MAX_BACKOFF_MS = 2000;

/**
 * Makes and connects a client that never keeps the process alive.
 *
 * @throws {ConfigError} The package `redis` is not installed.
 * @throws {ConnectTimeoutError} Redis did not answer by the deadline.
 * @throws {UnavailableError} Redis refused the credentials.
 */
export async function connectOwned(options: RedisConnectOptions, deadline: Deadline): Promise<OwnClient> {
  const client = await makeClient(options);
  let isConnecting = true;
  client.once('connect', () => {
    isConnecting = false;
  });
  try {
    await new Deadlines().within(connectOrRefuse(client), deadline, () => notConnected(client));
    return client;
  } catch (error) {
    discard(client, isConnecting);
    throw error instanceof NearDictError ? error : notConnected(client, error);
  }
}

async function makeClient(options: RedisConnectOptions): Promise<OwnClient> {
  const { createClient } = await importRedis();
  const socket = typeof options['socket'] === 'object' ? options['socket'] : {};
  const client = createClient({
    ...options,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: backoff, ...socket },
  }) as OwnClient;
  client.on('error', () => {
    // The commands and the feed notice; without a listener the process would end.
  });
  client.unref();
  return client;
}

async function importRedis(): Promise<{ createClient: (options: object) => unknown }> {
  try {
    return await import('redis');
  } catch (error) {
    throw new ConfigError("redisStore({ url }) needs the package 'redis': run `npm install redis`.", { cause: error });
  }
}

/** The error of the URL parser holds the URL, and so perhaps a password: it is not kept. */
export function assertRedisUrl(url: unknown): void {
  const isUrl = typeof url === 'string' && URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol);
  if (!isUrl)
    throw new ConfigError("The option 'url' must be like redis://user:password@host:6379 or rediss://... for TLS.");
}

/** Resolves when connected. Rejects when Redis refuses the credentials, which trying again would not change. */
function connectOrRefuse(client: OwnClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on('error', (error: unknown) => {
      lastErrors.set(client, error);
      const message = error instanceof Error ? error.message : '';
      if (!/^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH)/.test(message)) return;
      reject(new UnavailableError('Redis refused the credentials. Check user, password and ACL.', { cause: error }));
    });
    client.connect().then(() => {
      resolve();
    }, reject);
  });
}

/** The last trouble of each client, to be told as the cause of a time-out. */
const lastErrors = new WeakMap<OwnClient, unknown>();

function notConnected(client: OwnClient, cause: unknown = lastErrors.get(client)): ConnectTimeoutError {
  return new ConnectTimeoutError('Redis did not answer within connectTimeout. Check that it runs and can be reached.', {
    cause,
  });
}

function backoff(retries: number): number {
  return Math.min(2 ** retries * 50, MAX_BACKOFF_MS) * (0.5 + 0.5 * Math.random());
}
