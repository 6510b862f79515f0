import type { Reply } from './reply.ts';

/** What was heard about a key while reads or writes of it are in flight. */
interface Flight {
  /** Reads and writes of the key that are under way. */
  count: number;
  /** Highest sequence number heard of for the key; infinite when nothing that is under way may be kept. */
  mark: number;
  /** The read that later readers may join, until something newer is heard. */
  read: Promise<Reply> | undefined;
  /** Monotonic milliseconds at which that read was sent. */
  sentAt: number;
}

/** What is heard of which keys while somebody reads keys that only the replies tell: the highest number of each. */
export type Heard = ReadonlyMap<string, number>;

/**
 * Keeps replies that were overtaken out of the cache.
 *
 * Without it, a reply that left the store before a write and arrives after the write's message would stay for good.
 */
export class FillGuard {
  readonly #flights = new Map<string, Flight>();
  readonly #listening = new Set<Map<string, number>>();

  /**
   * A read or write of `key` leaves.
   *
   * @param mark - The highest number heard of for the key since it left, if it left before.
   */
  enter(key: string, mark = 0): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) this.#flights.set(key, { count: 1, mark, read: undefined, sentAt: 0 });
    else {
      flight.count++;
      if (mark > flight.mark) flight.mark = mark;
    }
  }

  /** Reads of keys that nobody knows yet begin. Each is entered, with what was heard of it, when it has become known. */
  listen(): Heard {
    const heard = new Map<string, number>();
    this.#listening.add(heard);
    return heard;
  }

  /** The reads that began with `heard` have ended. */
  unlisten(heard: Heard): void {
    this.#listening.delete(heard as Map<string, number>);
  }

  /** The read or write has ended, well or not. */
  leave(key: string): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    if (--flight.count === 0) this.#flights.delete(key);
  }

  /** Lets later readers of `key` join this read, as long as nothing newer is heard. */
  share(key: string, read: Promise<Reply>, sentAt: number): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.read = read;
    flight.sentAt = sentAt;
  }

  /** The read has failed: nobody joins it any more, though others of the key may be under way. */
  unshare(key: string, read: Promise<Reply>): void {
    const flight = this.#flights.get(key);
    if (flight?.read === read) flight.read = undefined;
  }

  shared(key: string, since: number): Promise<Reply> | undefined {
    const flight = this.#flights.get(key);
    return flight !== undefined && flight.sentAt >= since ? flight.read : undefined;
  }

  /** Something at sequence number `seq` was heard about `key`. */
  heard(key: string, seq: number): void {
    if (this.#listening.size > 0) this.#note(key, seq);
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.read = undefined;
    if (seq > flight.mark) flight.mark = seq;
  }

  /** Nothing in flight for `key` may be kept: it was changed by somebody who gave no position. */
  poison(key: string): void {
    this.heard(key, Number.POSITIVE_INFINITY);
  }

  /** Whether a reply at `seq` is not older than what was heard. */
  admits(key: string, seq: number): boolean {
    return seq >= (this.#flights.get(key)?.mark ?? 0);
  }

  /** A new history begins: its numbers do not compare with those heard before. */
  restart(): void {
    for (const heard of this.#listening) heard.clear();
    for (const flight of this.#flights.values()) {
      flight.mark = 0;
      flight.read = undefined;
    }
  }

  #note(key: string, seq: number): void {
    for (const heard of this.#listening) heard.set(key, Math.max(seq, heard.get(key) ?? 0));
  }
}
