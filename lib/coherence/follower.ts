import type { Entry } from '../cache/entry.ts';
import type { Position } from '../store/position.ts';
import type { Message } from '../store/store.ts';

/** Hears the history of a partition, in order and without gaps, to keep a copy of all of it. */
export interface Follower {
  /** The next message of the history. */
  applied(message: Message): void;
  /**
   * The history goes on from `position`, and the messages before it were missed.
   *
   * @param keys - The keys that they changed; `undefined`: any key may have changed.
   */
  missed(position: Position, keys: ReadonlySet<string> | undefined): void;
  /** A program that gives no position has changed the key. */
  doubted(key: string): void;
  /** Everything applied so far is what the store held at `asOf`, in monotonic milliseconds. */
  proven(asOf: number): void;
  /** Replies are taken for the history again, after a time in which they were not. */
  synced(): void;
  /** A write of this process was applied at `position` and left `entry`; its message may be still to come. */
  acknowledged(key: string, entry: Entry, position: Position): void;
}

/** The followers of one partition. */
export class Followers implements Follower {
  readonly #all = new Set<Follower>();

  add(follower: Follower): void {
    this.#all.add(follower);
  }

  remove(follower: Follower): void {
    this.#all.delete(follower);
  }

  applied(message: Message): void {
    for (const follower of this.#all) follower.applied(message);
  }

  missed(position: Position, keys: ReadonlySet<string> | undefined): void {
    for (const follower of this.#all) follower.missed(position, keys);
  }

  doubted(key: string): void {
    for (const follower of this.#all) follower.doubted(key);
  }

  proven(asOf: number): void {
    for (const follower of this.#all) follower.proven(asOf);
  }

  synced(): void {
    for (const follower of this.#all) follower.synced();
  }

  acknowledged(key: string, entry: Entry, position: Position): void {
    for (const follower of this.#all) follower.acknowledged(key, entry, position);
  }
}
