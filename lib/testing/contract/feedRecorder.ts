import { type Position, samePosition } from '../../store/position.ts';
import type { Change, FeedListener, Message } from '../../store/store.ts';
import { until } from '../until.ts';

/** Writes down what a feed tells. */
export class FeedRecorder implements FeedListener {
  readonly events: (
    | 'live'
    | 'interrupted'
    | 'message'
    | 'garbled'
    | 'invalidated all'
    | `invalidated ${string}`
    | `foreign ${Change['type']} ${string}`
  )[] = [];
  readonly messages: Message[] = [];
  readonly #onLive: () => void;

  constructor(onLive: () => void = () => {}) {
    this.#onLive = onLive;
  }

  live(): void {
    this.events.push('live');
    this.#onLive();
  }

  interrupted(): void {
    this.events.push('interrupted');
  }

  message(message: Message): void {
    this.events.push('message');
    this.messages.push(message);
  }

  foreign(key: string, type: Change['type']): void {
    this.events.push(`foreign ${type} ${key}`);
  }

  invalidated(key: string): void {
    this.events.push(`invalidated ${key}`);
  }

  invalidatedAll(): void {
    this.events.push('invalidated all');
  }

  garbled(): void {
    this.events.push('garbled');
  }

  count(event: 'live' | 'interrupted'): number {
    return this.events.filter((each) => each === event).length;
  }

  /** Waits until the feed is live. */
  isLive(): Promise<void> {
    return until('the feed is live', () => this.count('live') > this.count('interrupted'));
  }

  messagesAre(count: number): Promise<void> {
    return until(`there are ${count} messages`, () => this.messages.length >= count);
  }

  heard(position: Position | undefined): Promise<void> {
    return until('the write is announced', () =>
      this.messages.some((message) => position !== undefined && samePosition(message.position, position)),
    );
  }
}
