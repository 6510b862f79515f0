import { Deadlines } from '../deadline.ts';
import { discard, type OwnClient } from './client.ts';

/** Hears of the connections that come and go. */
export interface RedialListener {
  /** Done with each new connection before it is told of; if it fails, the attempt to connect has failed. */
  prepare?(client: OwnClient): Promise<void>;
  /** There is a connection now. */
  opened(client: OwnClient): void;
  /** The connection of the last `opened` is gone, and whatever was asked of it. */
  lost(): void;
  /** An attempt failed; another one follows. */
  failed?(error: unknown): void;
}

/** Longest wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2000;

/**
 * Keeps a connection of our own, without ever keeping the process alive.
 *
 * A client is used once: at the first sign of trouble it is thrown away and a new one is made. The client's own way of
 * reconnecting restores subscriptions without saying what was missed meanwhile, waits on timers that keep the process
 * alive, and can't be stopped while it connects.
 */
export class Redial {
  readonly #makeClient: () => OwnClient;
  readonly #listener: RedialListener;
  readonly #deadlines = new Deadlines({ keepsAlive: false });
  #client: OwnClient | undefined;
  /** Gives up the attempt that is under way. */
  #abandon: (() => void) | undefined;
  #retry: NodeJS.Timeout | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #openedAt = 0;
  #isClosed = false;
  /** Why the last attempt failed or the last connection was lost. */
  lastError: unknown;

  constructor(makeClient: () => OwnClient, listener: RedialListener) {
    this.#makeClient = makeClient;
    this.#listener = listener;
  }

  /** The connection, if there is one. */
  get client(): OwnClient | undefined {
    return this.#client;
  }

  /** Makes a connection unless there is one, or one on its way. */
  start(): void {
    const isUnderWay = this.#client !== undefined || this.#abandon !== undefined || this.#retry !== undefined;
    if (this.#isClosed || isUnderWay) return;
    this.#dial().then(
      (client) => {
        if (this.#isClosed) return;
        if (client.isReady) this.#use(client);
        else this.#fail(this.lastError);
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  /** Throws the connection away and makes a new one. */
  renew(error: unknown): void {
    if (this.#client !== undefined) this.#lose(this.#client, error);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#abandon?.();
    if (this.#client !== undefined) discard(this.#client, false);
    this.#client = undefined;
  }

  async #dial(): Promise<OwnClient> {
    const client = this.#makeClient();
    let isConnecting = true;
    client.on('error', (error: unknown) => {
      this.#lose(client, error);
    });
    client.on('end', () => {
      this.#lose(client, new Error('The connection ended.'));
    });
    client.once('connect', () => {
      isConnecting = false;
    });
    client.unref();
    this.#abandon = () => {
      discard(client, isConnecting);
    };
    const deadline = performance.now() + CONNECT_TIMEOUT_MS;
    const late = (): Error => new Error('Redis did not accept a connection in time.');
    const connected = client.connect().then(() => this.#listener.prepare?.(client));
    await this.#deadlines.within(connected, deadline, late);
    return client;
  }

  #use(client: OwnClient): void {
    this.#abandon = undefined;
    this.#client = client;
    this.#openedAt = performance.now();
    this.#listener.opened(client);
  }

  #fail(error: unknown): void {
    this.lastError = error;
    this.#abandon?.();
    this.#abandon = undefined;
    if (this.#isClosed) return;
    this.#listener.failed?.(error);
    this.#startLater();
  }

  #lose(client: OwnClient, error: unknown): void {
    if (this.#isClosed) return;
    this.lastError = error;
    if (this.#client !== client) return;
    this.#client = undefined;
    if (performance.now() - this.#openedAt > this.#backoffMs) this.#backoffMs = FIRST_BACKOFF_MS;
    // The client is still telling its commands why they fail.
    setImmediate(discard, client, false);
    this.#listener.lost();
    this.#startLater();
  }

  #startLater(): void {
    if (this.#isClosed) return;
    const delayMs = this.#backoffMs * (0.5 + 0.5 * Math.random());
    this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.start();
    }, delayMs).unref();
  }
}
