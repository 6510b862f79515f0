import { ConfigError } from '../../errors.ts';
import type { Deadline } from '../store.ts';

/* oxlint-disable typescript/no-explicit-any -- loose parameters are what makes clients of node-redis 4, 5 and 6 assignable */

/** The part of a node-redis client (major 4, 5 or 6) that is used. It is not imported: the three differ in their types. */
export interface RedisLike {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  sendCommand(args: any, options?: any): Promise<any>;
  duplicate(overrides?: any): any;
  on(event: any, listener: (...args: any[]) => void): unknown;
  off(event: any, listener: (...args: any[]) => void): unknown;
  subscribe(channels: any, listener: (message: any, channel: any) => unknown, bufferMode?: any): Promise<unknown>;
}

/** What commands need of a client. The optional part is what only a client of our own can do. */
export interface DataClient extends Pick<RedisLike, 'isOpen' | 'isReady' | 'on' | 'off'> {
  /** @param deadline - Of a cluster: after it, a command is not sent on to another server. */
  sendCommand(args: any, options?: any, deadline?: Deadline): Promise<any>;
  /** Why there is no connection. */
  readonly lastError?: unknown;
  /** A command got no reply by its deadline: a connection that brings nothing at all is to be replaced. */
  unanswered?(): void;
  /** The server at the other end is the wrong one: looks for the right one, if it can. */
  renew?(reason: unknown): boolean;
  /** Of a cluster: its masters, when there is a connection to each; rejects if there is not by the deadline. */
  servers?(deadline: Deadline): Promise<readonly Pick<RedisLike, 'sendCommand'>[]>;
}

/** A client that this library made, and so may connect, use for messages and close. */
export interface OwnClient extends RedisLike {
  connect(): Promise<unknown>;
  once(event: any, listener: (...args: any[]) => void): unknown;
  unsubscribe(channels: any, listener: any, bufferMode?: any): Promise<unknown>;
  sSubscribe(channels: any, listener: any, bufferMode?: any): Promise<unknown>;
  sUnsubscribe(channels: any, listener: any, bufferMode?: any): Promise<unknown>;
  unref(): void;
  /** node-redis 4. */
  disconnect?(): Promise<unknown>;
  /** node-redis 5 and 6. */
  destroy?(): void;
}
/* oxlint-enable typescript/no-explicit-any */

/**
 * Options of every command: replies as Buffers in each major, and none of node-redis 6's abort signals per command.
 *
 * node-redis 4 looks at the first. 5 and 6 copy what stands on the object itself, which takes 6 a microsecond for each.
 */
export const COMMAND_OPTIONS: object = { __proto__: { returnBuffers: true }, typeMapping: { 36: Buffer }, timeout: 0 };

/**
 * Refuses what is no client of a single server.
 *
 * @throws {ConfigError} It says what to pass instead.
 */
export function assertSingleServerClient(client: RedisLike): void {
  if (typeof client !== 'object' || client === null || typeof client.sendCommand !== 'function') {
    throw new ConfigError(
      'redisStore() takes a client made by createClient() or createCluster() of node-redis 4, 5 or 6, { url } or { rootNodes }.',
    );
  }
  const canFollow = typeof client.duplicate === 'function' && typeof client.subscribe === 'function';
  if (!canFollow || 'getSentinelNode' in client) {
    throw new ConfigError(
      'redisStore() does not take a pool, a Sentinel or a legacy client. Pass a client made by createClient().',
    );
  }
  const { options } = client as { options?: { legacyMode?: unknown } };
  if (options?.legacyMode === true) {
    throw new ConfigError('redisStore() does not take a client in legacyMode. Make one without it.');
  }
}

/**
 * Options of a client that is used for one connection: without reconnection or a limited queue, and without what would
 * make a silent connection for messages fail or misbehave: a shared client-side cache, pings of an interval without a
 * deadline, a longest silence.
 */
export function singleUse(options: { readonly socket?: unknown; readonly [option: string]: unknown }): object {
  return {
    ...options,
    socket: { ...(options.socket as object | undefined), reconnectStrategy: false, socketTimeout: undefined },
    clientSideCache: undefined,
    commandOptions: undefined,
    commandsQueueMaxLength: undefined,
    disableOfflineQueue: undefined,
    emitInvalidate: undefined,
    pingInterval: undefined,
  };
}

/** A client of our own, to be used once: the same server, credentials and TLS, and `overrides` of the other options. */
export function duplicateForOwnUse(client: RedisLike, overrides?: object): OwnClient {
  const { options } = client as { options?: { socket?: object } };
  return client.duplicate(singleUse({ socket: options?.socket, ...overrides })) as OwnClient;
}

/**
 * Closes a client that this library made, whatever it is doing, without leaving a socket or an unhandled rejection.
 *
 * Closing while the TCP connection is being made leaks the socket in node-redis 4, 5 and 6, and in 4 closing inside the
 * `connect` event ends the process; so a client that connects is closed one turn after it is connected.
 */
export function discard(client: OwnClient, isConnecting: boolean): void {
  if (isConnecting) client.once('connect', () => setImmediate(closeNow, client));
  else closeNow(client);
}

function closeNow(client: OwnClient): void {
  try {
    if (client.destroy !== undefined) client.destroy();
    else client.disconnect?.().catch(() => {});
  } catch {
    // Closed already.
  }
}
