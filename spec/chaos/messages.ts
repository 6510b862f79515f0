import type { Operation } from '../support/history.ts';

/** Packages that clients are made with, one for each major version. */
export type ClientPackage = 'redis' | 'redis-v5' | 'redis-v6';

/** What a worker process is started with. */
export interface WorkerOptions {
  readonly id: number;
  /** Of a server, or of servers of a cluster. */
  readonly urls: readonly string[];
  /** Default: what the store has. */
  readonly partitions?: number;
  readonly clientPackage: ClientPackage;
  /** The store makes its connection from a URL, instead of borrowing a client. */
  readonly isOwned: boolean;
  /** Of a cluster. Default: `false`. */
  readonly shardedPubSub?: boolean;
  readonly namespace: string;
  readonly seed: number;
  readonly maxStalenessMs: number;
  readonly timeoutMs: number;
  readonly maxItems: number;
  readonly inlineBytes: number;
  /** It breaks promises on purpose: some cached reads answer what the key had long ago. */
  readonly givesOldAnswers: boolean;
}

/** What the conductor tells a worker. */
export type Order =
  | { readonly type: 'start' }
  /** Use the keys of this epoch from now on. */
  | { readonly type: 'enter'; readonly epoch: number }
  /** Nobody changes the keys of this epoch any more: read all of them. */
  | { readonly type: 'sweep'; readonly epoch: number }
  /** Keep the event loop from everything else. */
  | { readonly type: 'block'; readonly ms: number }
  /** Begin nothing any more. */
  | { readonly type: 'halt' }
  /** Close, and end. */
  | { readonly type: 'end' };

/** What a worker tells the conductor. */
export type Notice =
  | { readonly type: 'open' | 'unblocked' }
  /** All its operations on keys of this epoch have ended and were reported. */
  | { readonly type: 'left'; readonly epoch: number }
  | { readonly type: 'swept'; readonly epoch: number }
  | Report;

/** What has happened since the last report. */
export interface Report {
  readonly type: 'report';
  readonly operations: readonly Operation[];
  /** Start of each span of `SPAN_MS` and the number of calls that succeeded in it. */
  readonly completed: readonly (readonly [number, number])[];
  /** What must not happen: an operation that has not ended in time, an error of the wrong kind, an unhandled rejection. */
  readonly problems: readonly string[];
  /** Since the start of the worker. */
  readonly hits: number;
  readonly misses: number;
  readonly heapBytes: number;
}
