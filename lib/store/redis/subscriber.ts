import { Deadlines } from '../deadline.ts';
import { discard, type OwnClient } from './client.ts';

/** Hears a group of channels. */
export interface Subscription {
  readonly channels: readonly string[];
  /** All channels are confirmed: everything published from now on is heard, until `interrupted`. */
  live(): void;
  interrupted(): void;
  message(payload: Buffer, channel: string): void;
}

/** Longest wait for a connection and its subscriptions, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2000;

/**
 * One connection for messages, shared by all namespaces of a store.
 *
 * A connection is used once: at the first sign of trouble it is thrown away and a new one is made. The client's own way
 * of reconnecting would restore the subscriptions without saying what was missed meanwhile.
 */
export class Subscriber {
  readonly #makeClient: () => OwnClient;
  readonly #deadlines = new Deadlines({ keepsAlive: false });
  readonly #subscriptions = new Map<string, Set<Subscription>>();
  /** Subscriptions that were told that they are live. */
  readonly #live = new Set<Subscription>();
  /** Channels that the client in use has confirmed. */
  readonly #confirmed = new Set<string>();
  #client: OwnClient | undefined;
  #isConnecting = false;
  #isClosed = false;
  #backoffMs = FIRST_BACKOFF_MS;
  #retry: NodeJS.Timeout | undefined;
  /** Why the last attempt failed. */
  lastError: unknown;

  constructor(makeClient: () => OwnClient) {
    this.#makeClient = makeClient;
  }

  /** Starts to listen; `subscription.live()` is called when all its channels are confirmed. */
  add(subscription: Subscription): void {
    for (const channel of subscription.channels) {
      const present = this.#subscriptions.get(channel);
      if (present === undefined) this.#subscriptions.set(channel, new Set([subscription]));
      else present.add(subscription);
    }
    if (this.#client === undefined) this.#connect();
    else this.#extend(this.#client);
  }

  remove(subscription: Subscription): void {
    this.#live.delete(subscription);
    for (const channel of subscription.channels) {
      const present = this.#subscriptions.get(channel);
      if (present?.delete(subscription) !== true || present.size > 0) continue;
      this.#subscriptions.delete(channel);
      this.#confirmed.delete(channel);
      this.#client?.unsubscribe(channel, this.#deliver, true).catch(() => {});
    }
  }

  /** The messages do not come although the connection seems well: makes a new one. */
  renew(): void {
    if (this.#client !== undefined) this.#lose(this.#client, new Error('The feed stayed silent.'));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#subscriptions.clear();
    this.#live.clear();
    if (this.#client !== undefined) discard(this.#client, false);
    this.#client = undefined;
  }

  #connect(): void {
    if (this.#isConnecting || this.#isClosed || this.#retry !== undefined) return;
    this.#isConnecting = true;
    this.#open().then(
      (client) => {
        this.#isConnecting = false;
        if (this.#isClosed || !client.isReady) this.#giveUp(client);
        else this.#use(client);
      },
      (error: unknown) => {
        this.#isConnecting = false;
        this.lastError = error;
        this.#connectLater();
      },
    );
  }

  async #open(): Promise<OwnClient> {
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
    try {
      const deadline = performance.now() + CONNECT_TIMEOUT_MS;
      const connected = client.connect();
      await this.#deadlines.within(connected, deadline, () => new Error('Redis did not accept a connection in time.'));
      return client;
    } catch (error) {
      discard(client, isConnecting);
      throw error;
    }
  }

  #use(client: OwnClient): void {
    this.#client = client;
    this.#extend(client);
  }

  #giveUp(client: OwnClient): void {
    discard(client, false);
    this.#connectLater();
  }

  /** Subscribes the channels that this client has not confirmed, and tells the subscriptions that are complete then. */
  #extend(client: OwnClient): void {
    const missing = [...this.#subscriptions.keys()].filter((channel) => !this.#confirmed.has(channel));
    const confirmed =
      missing.length === 0
        ? Promise.resolve()
        : this.#deadlines.within(
            client.subscribe(missing, this.#deliver, true),
            performance.now() + CONNECT_TIMEOUT_MS,
            () => new Error('Redis did not confirm the subscription in time.'),
          );
    confirmed.then(
      () => {
        if (this.#client === client) this.#confirm(missing);
      },
      (error: unknown) => {
        this.#lose(client, error);
      },
    );
  }

  #confirm(channels: readonly string[]): void {
    this.#backoffMs = FIRST_BACKOFF_MS;
    for (const channel of channels) if (this.#subscriptions.has(channel)) this.#confirmed.add(channel);
    for (const subscription of new Set([...this.#subscriptions.values()].flatMap((present) => [...present]))) {
      const isComplete = subscription.channels.every((channel) => this.#confirmed.has(channel));
      if (!isComplete || this.#live.has(subscription)) continue;
      this.#live.add(subscription);
      subscription.live();
    }
  }

  readonly #deliver = (payload: Buffer, channelName: Buffer | string): void => {
    const channel = channelName.toString();
    const subscriptions = this.#subscriptions.get(channel);
    if (subscriptions !== undefined) for (const each of subscriptions) each.message(payload, channel);
  };

  #lose(client: OwnClient, error: unknown): void {
    this.lastError = error;
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#confirmed.clear();
    discard(client, false);
    const interrupted = [...this.#live];
    this.#live.clear();
    for (const subscription of interrupted) subscription.interrupted();
    this.#connectLater();
  }

  #connectLater(): void {
    if (this.#isClosed || this.#subscriptions.size === 0) return;
    const delayMs = this.#backoffMs * (0.5 + 0.5 * Math.random());
    this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#connect();
    }, delayMs).unref();
  }
}
