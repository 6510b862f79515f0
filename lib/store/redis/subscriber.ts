import { Deadlines } from '../deadline.ts';
import type { OwnClient } from './client.ts';
import { isForbidden } from './failures.ts';
import { startHeartbeat } from './heartbeat.ts';
import { LastText } from './lastText.ts';
import { Redial } from './redial.ts';
import type { Payload, Subscription } from './subscription.ts';

/** What brings messages to whoever subscribes. */
export type MessageSource = Pick<Subscriber, 'add' | 'remove' | 'renew' | 'close' | 'lastError'>;

/** What a connection for messages needs besides subscribing. */
export interface SubscriberOptions {
  /** Done with each new connection before it subscribes. */
  readonly prepare?: (client: OwnClient) => Promise<void>;
  /** How often the connection has to prove that it is not half-open, in milliseconds. Default: never. */
  readonly heartbeatMs?: number;
  /** Channels are sharded: the server has those of its slots, and takes one slot in a command. */
  readonly isSharded?: boolean;
  /** The connection was lost, or an attempt failed. */
  readonly troubled?: (error: unknown) => void;
}

/** Longest wait for the confirmation of a subscription, in milliseconds. */
const CONFIRM_TIMEOUT_MS = 5000;

/** How long a channel that the user may not hear is left alone, in milliseconds. */
const REFUSED_MS = 2000;

/** One connection for messages; as a rule all namespaces of a store share it. */
export class Subscriber {
  readonly #redial: Redial;
  readonly #heartbeatMs: number | undefined;
  readonly #isSharded: boolean;
  readonly #troubled: (error: unknown) => void;
  #stopHeartbeat: () => void = () => {};
  readonly #deadlines = new Deadlines({ keepsAlive: false });
  readonly #subscriptions = new Map<string, Set<Subscription>>();
  /** Subscriptions that were told that they are live. */
  readonly #live = new Set<Subscription>();
  /** Channels that the connection in use has confirmed. */
  readonly #confirmed = new Set<string>();
  readonly #lastChannel = new LastText();
  #isAligning = false;
  /** Channels that the user may not hear, until they are tried again. */
  readonly #refused = new Set<string>();
  #retry: NodeJS.Timeout | undefined;
  /** Redis has refused some of several channels, and does not say which: they are asked for one subscription at a time. */
  #isOneByOne = false;

  constructor(makeClient: () => OwnClient, options: SubscriberOptions = {}) {
    const { prepare, heartbeatMs, isSharded = false, troubled = () => {} } = options;
    this.#heartbeatMs = heartbeatMs;
    this.#isSharded = isSharded;
    this.#troubled = troubled;
    this.#redial = new Redial(makeClient, {
      prepare: async (client) => prepare?.(client),
      opened: (client) => {
        this.#watch(client);
        this.#align();
      },
      lost: () => {
        this.#interrupt();
        this.#troubled(this.lastError);
      },
      failed: (error) => {
        this.#fail(error);
        this.#troubled(error);
      },
    });
  }

  /** Why the last attempt to connect or to subscribe failed. */
  get lastError(): unknown {
    return this.#redial.lastError;
  }

  /** Starts to listen; `subscription.live()` is called when all its channels are confirmed. */
  add(subscription: Subscription): void {
    for (const channel of subscription.channels) {
      this.#refused.delete(channel);
      const present = this.#subscriptions.get(channel);
      if (present === undefined) this.#subscriptions.set(channel, new Set([subscription]));
      else present.add(subscription);
    }
    this.#redial.start();
    queueMicrotask(() => {
      this.#align();
    });
  }

  remove(subscription: Subscription): void {
    this.#live.delete(subscription);
    for (const channel of subscription.channels) {
      const present = this.#subscriptions.get(channel);
      if (present?.delete(subscription) === true && present.size === 0) this.#subscriptions.delete(channel);
    }
    this.#align();
  }

  /** The messages do not come although the connection seems well: makes a new one. */
  renew(): void {
    this.#redial.renew(new Error('The feed stayed silent.'));
  }

  close(): void {
    this.#stopHeartbeat();
    this.#forgive();
    this.#subscriptions.clear();
    this.#live.clear();
    this.#redial.close();
  }

  /** Whether nobody subscribes. */
  get isIdle(): boolean {
    return this.#subscriptions.size === 0;
  }

  /**
   * A client whose sharded channels are taken from it is of no use any more: node-redis 5 and 6 count what the server says
   * of that as an answer to the command that is under way. Then the last answer is one too many, which fails or looks like
   * one more channel that was taken.
   */
  #watch(client: OwnClient): void {
    if (this.#isSharded)
      client.on('sharded-channel-moved', () => {
        if (client === this.#redial.client) this.#redial.renew(new Error('The slot of a channel has moved.'));
      });
    if (this.#heartbeatMs === undefined) return;
    this.#stopHeartbeat = startHeartbeat(client, this.#heartbeatMs, () => {
      this.#redial.renew(new Error('Redis has stopped answering on the connection for messages.'));
    });
  }

  /**
   * Makes the channels of the connection those that are wanted, and tells the subscriptions that are complete.
   *
   * One command at a time: a channel that is left and joined again while commands overlap may end up left.
   */
  #align(): void {
    const { client } = this.#redial;
    if (client === undefined || this.#isAligning) return;
    const missing = this.#missing();
    const surplus = [...this.#confirmed].filter((channel) => !this.#subscriptions.has(channel));
    if (missing.length > 0) {
      const confirm = (): void => {
        for (const channel of missing) this.#confirmed.add(channel);
        this.#announce();
      };
      const refuse = (error: unknown): void => {
        this.#refuse(missing, error);
      };
      const reply = this.#isSharded
        ? client.sSubscribe(missing, this.#deliver, true)
        : client.subscribe(missing, this.#deliver, true);
      this.#command(client, reply, confirm, refuse);
      return;
    }
    this.#isOneByOne = false;
    this.#leave(client, surplus);
    this.#announce();
  }

  #leave(client: OwnClient, surplus: readonly string[]): void {
    if (surplus.length === 0) return;
    const channels = this.#isSharded ? surplus.slice(0, 1) : surplus;
    for (const channel of channels) this.#confirmed.delete(channel);
    const reply = this.#isSharded
      ? client.sUnsubscribe(channels, this.#deliver, true)
      : client.unsubscribe(channels, this.#deliver, true);
    this.#command(client, reply, () => {});
  }

  /** The channels to ask for next: those of all subscriptions, or of one. */
  #missing(): readonly string[] {
    const wanted: (readonly string[])[] = [];
    for (const { channels } of this.#all()) {
      const isHopeless = channels.some((channel) => this.#refused.has(channel));
      const missing = channels.filter((channel) => !this.#confirmed.has(channel));
      if (!isHopeless && missing.length > 0) wanted.push(missing);
    }
    return this.#isOneByOne || this.#isSharded ? (wanted[0] ?? []) : [...new Set(wanted.flat())];
  }

  /** The user may not hear one of these channels: whoever needs none of them must not suffer. */
  #refuse(channels: readonly string[], error: unknown): void {
    const concerned = [...this.#all()].filter((each) => each.channels.some((channel) => channels.includes(channel)));
    if (!this.#isOneByOne && concerned.length > 1) {
      this.#isOneByOne = true;
      return;
    }
    for (const channel of channels) this.#refused.add(channel);
    for (const each of concerned) each.failed(error);
    this.#retry ??= setTimeout(() => {
      this.#forgive();
      this.#align();
    }, REFUSED_MS).unref();
  }

  #forgive(): void {
    this.#refused.clear();
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #command(client: OwnClient, reply: Promise<unknown>, done: () => void, refused?: (error: unknown) => void): void {
    this.#isAligning = true;
    const late = (): Error => new Error('Redis did not confirm the subscription in time.');
    this.#deadlines.within(reply, performance.now() + CONFIRM_TIMEOUT_MS, late).then(
      () => {
        if (this.#redial.client !== client) return;
        this.#isAligning = false;
        done();
        this.#align();
      },
      (error: unknown) => {
        if (this.#redial.client !== client) return;
        if (refused !== undefined && isForbidden(error)) {
          this.#isAligning = false;
          refused(error);
          this.#align();
          return;
        }
        this.#redial.renew(error);
        this.#fail(error);
      },
    );
  }

  #announce(): void {
    for (const subscription of this.#all()) {
      const isComplete = subscription.channels.every((channel) => this.#confirmed.has(channel));
      if (!isComplete || this.#live.has(subscription)) continue;
      this.#live.add(subscription);
      subscription.live();
    }
  }

  #fail(error: unknown): void {
    for (const subscription of this.#all()) subscription.failed(error);
  }

  #all(): ReadonlySet<Subscription> {
    return new Set([...this.#subscriptions.values()].flatMap((present) => [...present]));
  }

  #interrupt(): void {
    this.#stopHeartbeat();
    this.#isAligning = false;
    this.#forgive();
    this.#confirmed.clear();
    const interrupted = [...this.#live];
    this.#live.clear();
    for (const subscription of interrupted) subscription.interrupted();
  }

  /** A message may come before the confirmation has been told: it was published before, so it is not promised. */
  readonly #deliver = (payload: Payload, channelName: Buffer | string): void => {
    const channel = typeof channelName === 'string' ? channelName : this.#lastChannel.decode(channelName);
    const subscriptions = this.#subscriptions.get(channel);
    if (subscriptions === undefined) return;
    for (const each of subscriptions) if (this.#live.has(each)) each.message(payload, channel);
  };
}
