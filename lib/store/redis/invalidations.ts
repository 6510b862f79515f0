import type { FeedListener } from '../store.ts';
import { decodeKey, SLASH } from './names.ts';
import type { Payload, Subscription } from './subscription.ts';
import { Tracker } from './tracker.ts';

/**
 * What the server notices of the keys of a namespace, for those who follow their partitions.
 *
 * It comes on a channel of the server's, over the connection of the messages: behind the message of each change.
 */
export class Invalidations implements Subscription {
  readonly channels: readonly string[] = ['__redis__:invalidate'];
  /** By the start of a key's name, up to and including its `/`. */
  readonly #trackers = new Map<string, Map<FeedListener, Tracker>>();

  /** The listener is told of changes of keys with this prefix. What else it is told has to go through the result. */
  track(keyPrefix: string, listener: FeedListener): FeedListener {
    const tracker = new Tracker(listener);
    const present = this.#trackers.get(keyPrefix);
    if (present === undefined) this.#trackers.set(keyPrefix, new Map([[listener, tracker]]));
    else present.set(listener, tracker);
    return tracker;
  }

  untrack(keyPrefix: string, listener: FeedListener): void {
    this.#trackers.get(keyPrefix)?.delete(listener);
  }

  live(): void {
    // The feeds say so.
  }

  interrupted(): void {
    // The feeds say so.
  }

  failed(): void {
    // The feeds are told as well.
  }

  message(payload: Payload): void {
    if (Array.isArray(payload)) this.#sort(payload);
    // Null is FLUSHALL. What somebody else publishes here says nothing.
    else for (const each of this.#all()) each.noticed(undefined);
  }

  #sort(names: readonly Buffer[]): void {
    const keysOf = new Map<Map<FeedListener, Tracker>, string[]>();
    for (const name of names) {
      const end = name.indexOf(SLASH) + 1;
      const trackers = this.#trackers.get(name.toString('latin1', 0, end));
      const key = trackers && decodeKey(name, end);
      if (trackers === undefined || key === undefined) continue;
      const keys = keysOf.get(trackers);
      if (keys === undefined) keysOf.set(trackers, [key]);
      else keys.push(key);
    }
    for (const [trackers, keys] of keysOf) for (const tracker of trackers.values()) tracker.noticed(keys);
  }

  #all(): readonly Tracker[] {
    return [...this.#trackers.values()].flatMap((trackers) => [...trackers.values()]);
  }
}
