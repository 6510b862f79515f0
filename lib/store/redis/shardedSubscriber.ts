import type { OwnClient } from './client.ts';
import type { ClusterClient } from './clusterClient.ts';
import type { Address } from './slotMap.ts';
import { type MessageSource, Subscriber } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

/**
 * Hears sharded channels of a cluster: those of each slot at its master, over one connection to each.
 *
 * When a slot is elsewhere, its subscriptions follow. Until then messages are lost, also while a slot moves key by key:
 * those of what has moved already are sent where it is. Whoever subscribes finds out by reading positions.
 */
export class ShardedSubscriber implements MessageSource {
  readonly #cluster: ClusterClient;
  readonly #subscribers = new Map<Address, Subscriber>();
  /** Where each subscription is, if its slot has a master. */
  readonly #places = new Map<Subscription, Address | undefined>();
  readonly #align = (): void => {
    for (const subscription of this.#places.keys()) this.#place(subscription);
    for (const [address, subscriber] of this.#subscribers) {
      if (!subscriber.isIdle) continue;
      this.#subscribers.delete(address);
      subscriber.close();
    }
  };
  lastError: unknown;

  constructor(cluster: ClusterClient) {
    this.#cluster = cluster;
    cluster.on('map', this.#align);
  }

  /** Whether the clients can do it: node-redis 4 ends the process when a server takes a channel away. */
  get isUsable(): boolean {
    return this.#cluster.modelClient().destroy !== undefined;
  }

  add(subscription: Subscription): void {
    this.#places.set(subscription, undefined);
    this.#place(subscription);
  }

  remove(subscription: Subscription): void {
    const address = this.#places.get(subscription);
    this.#places.delete(subscription);
    if (address !== undefined) this.#subscribers.get(address)?.remove(subscription);
  }

  renew(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.renew();
  }

  close(): void {
    this.#cluster.off('map', this.#align);
    for (const subscriber of this.#subscribers.values()) subscriber.close();
    this.#subscribers.clear();
    this.#places.clear();
  }

  /** Puts a subscription where its slot is. */
  #place(subscription: Subscription): void {
    const [channel = ''] = subscription.channels;
    const present = this.#places.get(subscription);
    const address = this.#cluster.masterOf(channel);
    if (address === undefined || address === present) return;
    if (present !== undefined) {
      this.#subscribers.get(present)?.remove(subscription);
      subscription.interrupted();
    }
    this.#places.set(subscription, address);
    this.#at(address).add(subscription);
  }

  #at(address: Address): Subscriber {
    const present = this.#subscribers.get(address);
    if (present !== undefined) return present;
    const makeClient = (): OwnClient => this.#cluster.clientAt(address);
    const troubled = (error: unknown): void => {
      this.lastError = error;
      this.#cluster.mistaken(address, error);
    };
    const subscriber = new Subscriber(makeClient, { isSharded: true, troubled });
    this.#subscribers.set(address, subscriber);
    return subscriber;
  }
}
