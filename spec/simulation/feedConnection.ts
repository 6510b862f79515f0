import type { FeedListener, Message, PartitionId } from '../../lib/store/store.ts';
import type { VirtualTime } from './virtualTime.ts';

type Item =
  /** The subscriptions of all followers are confirmed. */
  | { readonly type: 'live' | 'closed' }
  | { readonly type: 'garbled'; readonly partition: PartitionId }
  | { readonly type: 'message'; readonly partition: PartitionId; readonly message: Message }
  | { readonly type: 'foreign'; readonly partition: PartitionId; readonly key: string };

/** What can happen to the next message without anybody noticing. */
export type Spoiling = 'lose' | 'repeat' | 'reorder' | 'garble';

/** The connection on which one process hears messages, for all its handles; each step is taken by the schedule. */
export class FeedConnection {
  #isOpenAtServer = false;
  #isOpenAtClient = false;
  /** Partitions whose messages the server sends. */
  readonly #subscribed = new Set<PartitionId>();
  #items: Item[] = [];
  readonly #followers = new Map<FeedListener, PartitionId>();
  /** Followers that were told that the feed is live. */
  readonly #live = new Set<FeedListener>();
  readonly #time: VirtualTime;
  /** Time up to which nothing passes. */
  #heldUntil: number = Number.NEGATIVE_INFINITY;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get canDeliver(): boolean {
    return this.#items.length > 0 && this.#time.now >= this.#heldUntil;
  }

  get isOpen(): boolean {
    return this.#isOpenAtClient;
  }

  get size(): number {
    return this.#followers.size;
  }

  follow(partition: PartitionId, listener: FeedListener): void {
    // A subscription that the client believes to have is not made again.
    const isKnown = [...this.#followers.values()].includes(partition);
    this.#followers.set(listener, partition);
    if (!this.#isOpenAtClient) return;
    if (!isKnown && this.#isOpenAtServer) this.#subscribed.add(partition);
    this.#items.push({ type: 'live' });
  }

  unfollow(listener: FeedListener): void {
    const partition = this.#followers.get(listener);
    this.#followers.delete(listener);
    this.#live.delete(listener);
    const isWanted = [...this.#followers.values()].includes(partition as PartitionId);
    if (!isWanted) this.#subscribed.delete(partition as PartitionId);
  }

  publish(partition: PartitionId, message: Message): void {
    if (this.#subscribed.has(partition)) this.#items.push({ type: 'message', partition, message });
  }

  /** A program without the library says that it has changed the key. */
  announce(partition: PartitionId, key: string): boolean {
    if (!this.#subscribed.has(partition)) return false;
    this.#items.push({ type: 'foreign', partition, key });
    return true;
  }

  deliver(): void {
    const item = this.#items.shift();
    if (item === undefined) return;
    if (item.type === 'live') this.#goLive();
    if (item.type === 'closed') this.#close();
    if ('partition' in item) {
      for (const [listener, partition] of this.#followers) {
        if (partition === item.partition && this.#live.has(listener)) tell(listener, item);
      }
    }
  }

  spoil(how: Spoiling): boolean {
    const at = this.#items.findIndex(({ type }) => type === 'message');
    const item = this.#items[at];
    if (item?.type !== 'message') return false;
    if (how === 'lose') this.#items.splice(at, 1);
    else if (how === 'garble') this.#items[at] = { type: 'garbled', partition: item.partition };
    else if (how === 'repeat') this.#items.splice(Math.min(at + 2, this.#items.length), 0, item);
    else return this.#swap(at);
    return true;
  }

  /** The server has forgotten all subscriptions; the connection seems well. */
  mute(): boolean {
    if (this.#subscribed.size === 0) return false;
    this.#subscribed.clear();
    return true;
  }

  /** The connection breaks; of what is on its way `arriving` items arrive. */
  cut(arriving: (count: number) => number): boolean {
    if (!this.#isOpenAtServer) return false;
    this.#isOpenAtServer = false;
    this.#subscribed.clear();
    this.#items = [...this.#items.slice(0, arriving(this.#items.length)), { type: 'closed' }];
    return true;
  }

  /** The client closes the connection itself. */
  renew(): void {
    this.#isOpenAtServer = false;
    this.#subscribed.clear();
    this.#items = [];
    this.#close();
  }

  /** Nothing passes for a while; 0 ends that. */
  hold(durationMs: number): void {
    this.#heldUntil = this.#time.now + durationMs;
  }

  connect(): void {
    this.#isOpenAtServer = true;
    this.#isOpenAtClient = true;
    for (const partition of this.#followers.values()) this.#subscribed.add(partition);
    this.#items.push({ type: 'live' });
  }

  #goLive(): void {
    for (const each of this.#followers.keys()) {
      if (this.#live.has(each)) continue;
      this.#live.add(each);
      each.live();
    }
  }

  #close(): void {
    this.#isOpenAtClient = false;
    const interrupted = [...this.#live];
    this.#live.clear();
    for (const each of interrupted) each.interrupted();
  }

  #swap(at: number): boolean {
    const [first, second] = this.#items.slice(at, at + 2);
    if (first === undefined || second?.type !== 'message') return false;
    this.#items.splice(at, 2, second, first);
    return true;
  }
}

function tell(listener: FeedListener, item: Exclude<Item, { readonly type: 'live' | 'closed' }>): void {
  if (item.type === 'message') listener.message(item.message);
  else if (item.type === 'foreign') listener.foreign(item.key, 'set');
  else listener.garbled();
}
