/** A read that others may join: everybody until it is sent, then those for whom it was not sent too early. */
export interface Joinable {
  /** Monotonic milliseconds; `undefined`: it was not sent yet. */
  readonly sentAt: number | undefined;
}

/** What was heard about a key while reads or writes of it are in flight. */
export class Flight<R extends Joinable = Joinable> {
  readonly key: string;
  /** Reads and writes of the key that are under way. */
  count = 0;
  /** The read that later readers may join: it waits to be sent, or nothing newer was heard since it was. */
  read: R | undefined;
  /** Highest sequence number heard of for the key; infinite when nothing that is under way may be kept. */
  #mark = 0;

  constructor(key: string) {
    this.key = key;
  }

  /** Whether nothing is under way or waits to be sent. */
  get isOver(): boolean {
    return this.count === 0 && !this.isReadWaiting;
  }

  get isReadWaiting(): boolean {
    return this.read !== undefined && this.read.sentAt === undefined;
  }

  /** Something at sequence number `seq` was heard about the key. What was not sent yet comes after it. */
  heard(seq: number): void {
    if (!this.isReadWaiting) this.read = undefined;
    if (this.count > 0) this.raise(seq);
  }

  /** What is under way must be at `seq` at least to be kept. */
  raise(seq: number): void {
    if (seq > this.#mark) this.#mark = seq;
  }

  /** The read has failed: nobody joins it any more, though others of the key may be under way. */
  unshare(read: R): void {
    if (this.read === read) this.read = undefined;
  }

  /** Whether a reply at `seq` is not older than what was heard. */
  admits(seq: number): boolean {
    return seq >= this.#mark;
  }

  /** Begins anew: what was heard concerns nothing that is under way. */
  restart(): void {
    this.#mark = 0;
    if (!this.isReadWaiting) this.read = undefined;
  }
}

/** What is heard of which keys while somebody reads keys that only the replies tell: the highest number of each. */
export type Heard = ReadonlyMap<string, number>;

/**
 * Keeps replies that were overtaken out of the cache.
 *
 * Without it, a reply that left the store before a write and arrives after the write's message would stay for good.
 */
export class FillGuard<R extends Joinable = Joinable> {
  readonly #flights = new Map<string, Flight<R>>();
  readonly #listening = new Set<Map<string, number>>();

  /** What is in flight of `key`, or waits to be sent. */
  flightOf(key: string): Flight<R> | undefined {
    return this.#flights.get(key);
  }

  /** A read of `key` waits to be sent, from now on. */
  expect(key: string, read: R): Flight<R> {
    const flight = this.#flights.get(key) ?? this.#begin(key);
    flight.read = read;
    return flight;
  }

  /**
   * A read or write of `key` leaves.
   *
   * @param mark - The highest number heard of for the key since it left, if it left before.
   */
  enter(key: string, mark: number = 0): Flight<R> {
    const flight = this.#flights.get(key) ?? this.#begin(key);
    flight.count++;
    flight.raise(mark);
    return flight;
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
    if (flight !== undefined) this.end(flight);
  }

  /** The same of a flight that is known. */
  end(flight: Flight<R>): void {
    if (--flight.count > 0) return;
    if (flight.isOver) this.#flights.delete(flight.key);
    else flight.restart();
  }

  /** Something at sequence number `seq` was heard about `key`. */
  heard(key: string, seq: number, flight: Flight | undefined = this.#flights.get(key)): void {
    if (this.#listening.size > 0) this.#note(key, seq);
    flight?.heard(seq);
  }

  /** Nothing in flight for `key` may be kept: it was changed by somebody who gave no position. */
  poison(key: string): void {
    this.heard(key, Number.POSITIVE_INFINITY);
  }

  /** Whether a reply at `seq` is not older than what was heard. */
  admits(key: string, seq: number, flight: Flight | undefined = this.#flights.get(key)): boolean {
    return flight?.admits(seq) ?? true;
  }

  /** A new history begins: its numbers do not compare with those heard before. */
  restart(): void {
    for (const heard of this.#listening) heard.clear();
    for (const flight of this.#flights.values()) flight.restart();
  }

  #begin(key: string): Flight<R> {
    const flight = new Flight<R>(key);
    this.#flights.set(key, flight);
    return flight;
  }

  #note(key: string, seq: number): void {
    for (const heard of this.#listening) heard.set(key, Math.max(seq, heard.get(key) ?? 0));
  }
}
