import { EventEmitter } from 'node:events';
import { ConfigError, UnavailableError } from '../../errors.ts';
import { type DataClient, type OwnClient, singleUse } from './client.ts';
import { disconnected, isRefusal } from './failures.ts';
import { Redial } from './redial.ts';

/** How to make a client: the options of node-redis' `createClient`, `url` among them. */
export interface RedisConnectOptions {
  /** `redis[s]://[[user]:password@]host[:port][/database]`. */
  readonly url: string;
  readonly [option: string]: unknown;
}

/**
 * Refuses options that could never connect. The error of the URL parser holds the URL, and so perhaps a password: it is
 * not kept.
 *
 * @throws {ConfigError} It says what to pass instead.
 */
export function assertConnectOptions(options: RedisConnectOptions): void {
  assertRedisUrl(options.url, "The option 'url'");
  if (options['legacyMode'] === true) throw new ConfigError("redisStore() does not take the option 'legacyMode'.");
}

/** @throws {ConfigError} It is none. `what` names it. */
export function assertRedisUrl(url: unknown, what: string): void {
  if (!isRedisUrl(url))
    throw new ConfigError(`${what} must be like redis://user:password@host:6379/0, or rediss://... for TLS.`);
}

function isRedisUrl(url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, username, password, pathname } = new URL(url);
  return /^rediss?:$/.test(protocol) && /^\/?\d*$/.test(pathname) && isEncoded(username) && isEncoded(password);
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Makes a client of our own; `overrides` are options that stand before those of the user. */
export type MakeClient = (overrides?: object) => OwnClient;

/**
 * Finds out how to make clients of our own from options.
 *
 * @throws {ConfigError} The package `redis` is not installed, or refuses the options.
 */
export async function clientMaker(options: RedisConnectOptions): Promise<MakeClient> {
  const { createClient } = await importRedis();
  const make: MakeClient = (overrides) => createClient(singleUse({ ...options, ...overrides })) as OwnClient;
  let first: OwnClient | undefined = makeFirst(make);
  return (overrides) => {
    if (overrides !== undefined || first === undefined) return make(overrides);
    const client = first;
    first = undefined;
    return client;
  };
}

/** @throws {ConfigError} The package `redis` refuses the options. */
export function makeFirst(make: () => unknown): OwnClient {
  try {
    return make() as OwnClient;
  } catch (error) {
    // Not kept as the cause: it may show the options, and so a password.
    throw new ConfigError(`createClient() of the package 'redis' refused the options: ${nameOf(error)}.`);
  }
}

/** @throws {ConfigError} It is not installed. */
export async function importRedis(): Promise<{ createClient: (options: object) => unknown }> {
  try {
    return await import('redis');
  } catch (error) {
    throw new ConfigError("redisStore() needs the package 'redis': run `npm install redis`.", { cause: error });
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown error';
}

/**
 * Shortest silence, in milliseconds, in which a connection counts as half-open: replies of a slow server, or large ones
 * on a slow line, take their time.
 */
const SILENCE_MS = 2000;

/** A data connection of our own. It comes back by itself and never keeps the process alive. */
export class OwnedClient implements DataClient {
  readonly #events = new EventEmitter();
  readonly #redial: Redial;
  /** Resolves when connected. Rejects when Redis refuses the credentials, which trying again would not change. */
  readonly connected: Promise<void>;
  isOpen = true;
  /** When the first of the commands was sent that wait since the connection was last heard. */
  #waitsSince: number | undefined;

  constructor(makeClient: () => OwnClient) {
    let refuse!: (error: UnavailableError) => void;
    this.connected = new Promise((resolve, reject) => {
      refuse = reject;
      this.#events.once('ready', resolve);
    });
    this.connected.catch(() => {
      // Nobody may have waited so long.
    });
    this.#redial = new Redial(makeClient, {
      opened: () => {
        this.#waitsSince = undefined;
        this.#events.emit('ready');
      },
      lost() {
        // The commands notice.
      },
      failed(error) {
        if (isRefusal(error)) refuse(refusal(error));
      },
    });
    this.#redial.start();
  }

  /** Why there is no connection. */
  get lastError(): unknown {
    return this.#redial.lastError;
  }

  get isReady(): boolean {
    return this.#redial.client?.isReady === true;
  }

  sendCommand(args: unknown, options?: unknown): Promise<unknown> {
    const { client } = this.#redial;
    if (client === undefined) return Promise.reject(disconnected(this.lastError));
    const heard = (): void => {
      if (client === this.#redial.client) this.#waitsSince = undefined;
    };
    const reply = client.sendCommand(args, options);
    this.#waitsSince ??= performance.now();
    reply.then(heard, heard);
    return reply;
  }

  unanswered(): void {
    if (this.#waitsSince === undefined || performance.now() - this.#waitsSince < SILENCE_MS) return;
    this.renew(new Error('Redis does not reply.'));
  }

  renew(reason: unknown): boolean {
    this.#redial.renew(reason);
    return true;
  }

  on(event: string, listener: () => void): void {
    this.#events.on(event, listener);
  }

  off(event: string, listener: () => void): void {
    this.#events.off(event, listener);
  }

  close(): void {
    this.isOpen = false;
    this.#redial.close();
    this.#events.emit('end');
  }
}

function refusal(cause: unknown): UnavailableError {
  return new UnavailableError('Redis refused the credentials. Check user and password.', { cause });
}
