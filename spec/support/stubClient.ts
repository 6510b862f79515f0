import { EventEmitter } from 'node:events';
import type { OwnClient } from '../../lib/store/redis/client.ts';

/** What all clients have that tests make up to control the order of events. */
export abstract class StubClient extends EventEmitter implements OwnClient {
  isOpen = false;
  isReady = false;

  abstract connect(): Promise<void>;
  abstract sendCommand(args: readonly string[]): Promise<unknown>;

  destroy(): void {
    this.isOpen = false;
    this.isReady = false;
  }

  unref(): void {
    // There is nothing to hold.
  }

  duplicate(): never {
    throw new Error('This is the duplicate.');
  }

  async subscribe(): Promise<void> {}
  async unsubscribe(): Promise<void> {}
  async sSubscribe(): Promise<void> {}
  async sUnsubscribe(): Promise<void> {}
}
