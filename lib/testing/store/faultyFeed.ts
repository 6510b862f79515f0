import type { Change, FeedListener, Message } from '../../store/store.ts';
import { type Faults, Signal } from './faults.ts';

/** What a listener hears of a partition over a connection on which something may be wrong. */
export class FaultyFeed implements FeedListener {
  readonly listener: FeedListener;
  readonly #faults: Faults;
  readonly #firstLive = new Signal();
  #isOpen = false;
  #isLive = false;
  /** Messages that are under way, in order, and when they arrive. */
  #underWay: { readonly message: Message; readonly at: number }[] = [];

  constructor(listener: FeedListener, faults: Faults) {
    this.listener = listener;
    this.#faults = faults;
  }

  /** Resolves when the feed is live for the first time. */
  get wasLive(): Promise<void> {
    return this.#firstLive.given;
  }

  /** Does what the faults of the moment ask for. */
  adapt(): void {
    if (!this.#isOpen) return;
    if (this.#isLive && this.#faults.isFeedCut) {
      this.#isLive = false;
      this.#underWay = [];
      this.listener.interrupted();
    } else if (!this.#isLive && !this.#faults.isFeedCut && !this.#faults.isAway) {
      this.#isLive = true;
      this.listener.live();
      this.#firstLive.give();
    }
  }

  close(): void {
    this.#isOpen = false;
    this.#isLive = false;
    this.#underWay = [];
  }

  live(): void {
    this.#isOpen = true;
    this.adapt();
  }

  message(message: Message): void {
    const { isLosingMessages, delayMs } = this.#faults;
    if (!this.#isLive || isLosingMessages) return;
    if (delayMs === 0 && this.#underWay.length === 0) {
      this.listener.message(message);
      return;
    }
    const at = Math.max(performance.now() + delayMs, this.#underWay.at(-1)?.at ?? 0);
    this.#underWay.push({ message, at });
    if (this.#underWay.length === 1) this.#wait();
  }

  interrupted(): void {
    this.listener.interrupted();
  }

  foreign(key: string, type: Change['type']): void {
    this.listener.foreign(key, type);
  }

  invalidated(key: string): void {
    this.listener.invalidated(key);
  }

  invalidatedAll(): void {
    this.listener.invalidatedAll();
  }

  garbled(): void {
    this.listener.garbled();
  }

  #wait(): void {
    const [next] = this.#underWay;
    if (next === undefined) return;
    const arrive = (): void => {
      // The feed may have been cut meanwhile, and others be under way.
      if (this.#underWay[0] !== next) return;
      this.#underWay.shift();
      this.listener.message(next.message);
      this.#wait();
    };
    setTimeout(arrive, Math.max(0, next.at - performance.now())).unref();
  }
}
