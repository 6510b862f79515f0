import type { Position } from './position.ts';

/** Index of a partition, from 0. */
export type PartitionId = number;

/** How a namespace is laid out in its store. All processes that open it must agree. */
export interface Layout {
  /** 1 to 16384. */
  readonly partitions: number;
  /** How keys are spread over partitions: the name of a hash, `custom` for the user's own way. */
  readonly hash: string;
  /** Name of the codec. */
  readonly codec: string;
  /** `sharded`: messages reach only those who listen at the server of their partition. Absent: whichever server. */
  readonly messages?: 'sharded' | undefined;
}

/** What one namespace asks of its store. */
export interface SpaceOptions {
  readonly namespace: string;
  readonly layout: Layout;
  /** Values of at most this many bytes travel with the announcement of their write. */
  readonly inlineBytes: number;
  /** Changes by programs without this library are to be noticed. A store that has no such programs does nothing for it. */
  readonly tracking: boolean;
  /** Marks this opener's writes in messages: 48 random bits as a number. */
  readonly origin: number;
}

/**
 * Writes applied in one atomic step, all of them or none. A key stands at most once in each list; deletes come before
 * sets.
 */
export interface Batch {
  readonly deletes: readonly string[];
  /** With `ttlMs` (an integer >= 1) the key is gone after so many milliseconds; without, an earlier limit is lifted. */
  readonly sets: readonly (readonly [key: string, bytes: Uint8Array, ttlMs?: number | undefined])[];
  /** Announces that the whole partition is empty now, instead of the single deletes. */
  readonly clear: boolean;
  /** What has to hold before anything is applied, of any keys of the partition. Absent: nothing. */
  readonly conditions?: readonly Condition[] | undefined;
  /** Lets the batch be sent again when its outcome is not known. Absent: it is sent once. */
  readonly ticket?: Ticket | undefined;
}

/** What a key has to hold. */
export interface Condition {
  readonly key: string;
  /** The SHA-1 of the stored bytes in 40 hexadecimal digits; `null`: the key is missing. */
  readonly version: string | null;
}

/**
 * Makes a batch recognise itself. Of the batches of one holder a store applies only those whose number is higher than
 * all that it has applied, and answers the highest one again with `isRepeated`. It remembers a holder for an hour.
 */
export interface Ticket {
  /** 48 random bits as a number. */
  readonly holder: number;
  /** Integer from 1, below 2 ** 48. */
  readonly number: number;
}

/** What a batch did. */
export interface Receipt {
  /** The position that the batch made; with conflicts the one at which they were found. */
  readonly position: Position;
  /** For each of `batch.deletes`: whether the key was there. Empty unless the batch was applied by this call. */
  readonly existed: readonly boolean[];
  /** The conditions that did not hold, because of which nothing was applied. Absent: all held. */
  readonly conflicts?: readonly Conflict[] | undefined;
  /** The batch had been applied by an earlier call, at `position`; what it wrote may have been overwritten since. */
  readonly isRepeated?: boolean | undefined;
}

/** A key that did not hold what a condition asked for, and what it holds. */
export interface Conflict {
  readonly key: string;
  /** The stored bytes; `undefined` is missing. */
  readonly bytes: Uint8Array | undefined;
  /** Milliseconds that it has left to live; `undefined`: no limit. */
  readonly ttlMs: number | undefined;
}

/** Values and the position they belong to, taken in one atomic step. */
export interface Snapshot {
  readonly position: Position;
  /** `values[i]` belongs to `keys[i]`; `undefined` is missing. */
  readonly values: readonly (Uint8Array | undefined)[];
  /**
   * `ttls[i]`: milliseconds that `values[i]` has left to live; `undefined`: no limit. Absent only if no write of the
   * partition ever had a time to live, as `position` tells.
   */
  readonly ttls?: readonly (number | undefined)[] | undefined;
}

/** Entries of one partition: keys, values and the position they belong to, taken in one atomic step. */
export interface Block extends Snapshot {
  readonly keys: readonly string[];
  /** Where the next block begins; `undefined`: this was the last. */
  readonly next: string | undefined;
}

/** One change that a message announces: the new value, or its version alone where the value is too large to travel. */
export type Change =
  | { readonly type: 'set'; readonly key: string; readonly bytes: Uint8Array; readonly ttlMs?: number | undefined }
  | { readonly type: 'set'; readonly key: string; readonly bytes: undefined; readonly version: string }
  | { readonly type: 'delete'; readonly key: string };

/** The announcement of one batch. */
export interface Message {
  /** The position that the batch continues. */
  readonly previous: Position;
  /** The position that it made. */
  readonly position: Position;
  /** `SpaceOptions.origin` of the writer. */
  readonly origin: number;
  readonly clear: boolean;
  readonly changes: readonly Change[];
}

/** What the change log tells of one batch. */
export interface LoggedCall {
  /** The position that the batch made. */
  readonly position: Position;
  /** The keys that it set or deleted; `undefined`: any key may have changed. */
  readonly keys: readonly string[] | undefined;
}

/** Hears what happens to one partition. Calls come one after another, never from inside a call to the store. */
export interface FeedListener {
  /** The feed is (again) live: every write from now on is announced. Sent before the first message. */
  live(): void;
  /** The feed is interrupted: messages may be lost until it is live again. */
  interrupted(): void;
  message(message: Message): void;
  /**
   * A program without this library changed a key: it said so, or the store noticed. The store can't tell a set from a
   * delete, and reports a set.
   */
  foreign(key: string, type: Change['type']): void;
  /** The key may have changed since anything of it was heard or read. Its change is reported by another call. */
  invalidated(key: string): void;
  /** Any key may have changed without a message since anything of it was read. */
  invalidatedAll(): void;
  /** Something arrived that is no message; a write may have gone unheard. */
  garbled(): void;
}

/** What came back on a question who has a namespace open. */
export interface PeerAnswers {
  /** What each returned who answered, as text, in no order. They come from outside: look before you believe. */
  readonly answers: readonly string[];
  /** How many have heard the question; `undefined`: the store can't tell. */
  readonly heard: number | undefined;
}

/** Monotonic time in milliseconds, as `performance.now()`, by which an operation must have ended. */
export type Deadline = number;

/**
 * One open namespace of a store. It keeps bytes under keys, moves a partition's position with every batch, announces
 * each batch, and never looks inside the bytes.
 *
 * Every call ends by its deadline; a dictionary goes on without one that has not ended a second later, and then can't keep
 * writes in order any more. It rejects with `UnavailableError` when it was not applied, `AmbiguousWriteError`
 * when that can't be known, `ClosedError` after `close()`.
 */
export interface Space {
  /**
   * Each read and write ends by its deadline, whatever happens, and rejects where it fails: nobody else has to see to it.
   *
   * @internal
   */
  readonly isPunctual?: true | undefined;
  /** Values and position in one atomic step. */
  read(partition: PartitionId, keys: readonly string[], deadline: Deadline): Promise<Snapshot>;
  /** Compares, applies, moves the position on and announces, in one atomic step. */
  write(partition: PartitionId, batch: Batch, deadline: Deadline): Promise<Receipt>;
  /** The position alone, never older than the moment of the call. A failed call keeps no process alive. */
  position(partition: PartitionId, deadline: Deadline): Promise<Position>;
  /**
   * The last batches, newest first: those of which the store still knows, which may be none. Whoever uses it compares
   * positions, nonces included. A failed call keeps no process alive.
   */
  log(partition: PartitionId, deadline: Deadline): Promise<readonly LoggedCall[]>;
  /**
   * Keys that start with `prefix`, in batches, each key once. Keys written or deleted meanwhile may be missing or stale.
   *
   * @param isRough - A key may come more than once, and names may be among them that hold no entry, where that is
   *   quicker: all are read, anyhow.
   */
  scan(prefix: string, deadline: () => Deadline, isRough?: boolean): AsyncIterable<readonly string[]>;
  /**
   * The entries of a partition whose keys start with `prefix`, some at a time: as `scan` would find them, rough, and `read`
   * bring them. Optional: a store has it where that is quicker.
   *
   * @param cursor - `next` of the block before; '' begins.
   */
  readonly block?:
    ((partition: PartitionId, prefix: string, cursor: string, deadline: Deadline) => Promise<Block>) | undefined;
  /**
   * Starts to follow a partition; resolves when the feed is live for the first time. The listener is told until
   * `unfollow` or `close()`, also when this call did not end in time. Keeps no process alive.
   */
  follow(partition: PartitionId, listener: FeedListener, deadline: Deadline): Promise<void>;
  /** Ends `follow`: the listener is told nothing more. */
  unfollow(partition: PartitionId, listener: FeedListener): void;
  /** The caller has found that messages are missing: the feed is to be renewed. */
  distrust(partition: PartitionId): void;
  /**
   * Answers everybody who asks by `askPeers`, with what `describe` returns at that moment, until `close()`. It leaves
   * nothing in the store, costs nothing while nobody asks, and keeps no process alive; where it can't be done, nothing
   * happens. Optional, as is `askPeers`: a store without them knows of no peers.
   */
  answerPeers?(describe: () => string): void;
  /**
   * Asks everybody who has the namespace open, in whichever process. Resolves when all have answered, or at the deadline
   * with the answers that have come.
   */
  askPeers?(deadline: Deadline): Promise<PeerAnswers>;
  /** Stops following and gives back what was opened. Nothing that others opened is touched. */
  close(): Promise<void>;
}

/** Where entries live for good. One store serves any number of namespaces over the same connections. */
export interface Store {
  /** Names the kind of store in messages and logs. */
  readonly name: string;
  /** Number of partitions where the caller has not said. */
  readonly defaultPartitions: number;
  /**
   * The clock by which cached copies of its entries age, in monotonic milliseconds. Absent: the clock of the process,
   * which is what every store wants that is not for tests.
   */
  readonly now?: (() => number) | undefined;
  /**
   * Opens a namespace, and records or compares its layout first.
   *
   * @throws {ConfigMismatchError} The namespace exists with another layout.
   * @throws {ConnectTimeoutError} The store did not answer by the deadline. Nothing is left open.
   */
  open(options: SpaceOptions, deadline: Deadline): Promise<Space>;
}
