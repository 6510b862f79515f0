import type { FeedListener, Message } from '../store.ts';
import { Announced } from './announced.ts';

/**
 * Brings together what is published about a partition and what the server notices of its keys.
 *
 * The server reports a key once for all its changes in one turn of its own loop, behind their messages. So a foreign
 * change may hide behind one of ours, and what our message brought can't be kept; but it need not be reported twice.
 */
export class Tracker implements FeedListener {
  readonly #listener: FeedListener;
  readonly #announced = new Announced();
  #isLive = false;

  constructor(listener: FeedListener) {
    this.#listener = listener;
  }

  live(): void {
    this.#isLive = true;
    // What other programs changed before has left no trace.
    this.#listener.invalidatedAll();
    this.#listener.live();
  }

  interrupted(): void {
    this.#isLive = false;
    this.#announced.forget();
    this.#listener.interrupted();
  }

  message(message: Message): void {
    this.#announced.add(message);
    // Before listeners hear of it: one that reads at once must not get what may be overtaken already.
    for (const { key } of message.changes) this.#listener.invalidated(key);
    this.#listener.message(message);
  }

  /** The server notices it as well, and more surely. */
  foreign(key: string): void {
    this.#listener.invalidated(key);
  }

  invalidated(key: string): void {
    this.#listener.invalidated(key);
  }

  invalidatedAll(): void {
    this.#listener.invalidatedAll();
  }

  garbled(): void {
    this.#listener.garbled();
  }

  /** The server has noticed changes of these keys. `undefined`: of any. */
  noticed(keys: readonly string[] | undefined): void {
    if (!this.#isLive) return;
    if (keys === undefined) this.#listener.invalidatedAll();
    else for (const key of keys) this.#report(key);
    this.#announced.forget();
  }

  #report(key: string): void {
    if (this.#announced.has(key)) this.#listener.invalidated(key);
    else this.#listener.foreign(key, 'set');
  }
}
