import type { ClientId, KeyId, Version } from './ledger.ts';
import type { Position } from './position.ts';

/** What the store announces after a write. */
export interface Message {
  readonly type: 'message';
  readonly previous: Position;
  readonly position: Position;
  readonly origin: ClientId;
  /** What the write left under each key; `undefined`: it did not touch the key. */
  readonly changes: readonly [Version | undefined, Version | undefined];
  /** Failovers before it was sent. */
  readonly epoch: number;
}

/** Another program says that it changed the key. */
export interface Foreign {
  readonly type: 'foreign';
  readonly key: KeyId;
}

/** The subscription stands. */
export interface Live {
  readonly type: 'live';
}

export type FeedItem = Message | Foreign | Live;
