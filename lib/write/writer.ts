import type { Entry } from '../cache/entry.ts';
import type { NearDictError, WriteFailure } from '../errors.ts';
import type { Batch, Receipt } from '../store/store.ts';

/** What a write leaves under its key. */
export interface Content {
  /** The encoded value; `undefined` deletes. */
  readonly bytes: Uint8Array | undefined;
  /** Milliseconds that it lives in the store, an integer >= 1; `undefined`: until it is overwritten. */
  readonly ttlMs: number | undefined;
}

/** Bytes of the value. */
export function sizeOf({ bytes }: Content): number {
  return bytes?.length ?? 0;
}

/** Hears how one write ended. One waiter may wait for many writes. */
export interface Waiter {
  /**
   * @param existed - Whether the key was there before; meaningful for deletes.
   * @param written - What was applied: the last of several writes of the key that went out together.
   */
  applied(key: string, existed: boolean, written: Content): void;
  failed(key: string, error: NearDictError): void;
}

/** A write that readers of this process see already and the store does not yet, for all that is known. */
export interface PendingWrite {
  /** What reads return. */
  readonly entry: Entry;
}

/** Writes with conditions that are applied together or not at all. Their keys belong to one partition. */
export type ConditionalWrite = Pick<Batch, 'deletes' | 'sets' | 'conditions'>;

/** The keys that a write deletes, sets and compares, in this order; some stand there twice, perhaps. */
export function keysOf({ deletes, sets, conditions = [] }: ConditionalWrite): string[] {
  return [...deletes, ...sets.map(([key]) => key), ...conditions.map(({ key }) => key)];
}

/** What a writer that keeps writes back has done. All zero for one that does not. */
export interface WriterCounts {
  /** Keys with edits that the store does not have. */
  readonly dirty: number;
  /** Edits taken. */
  readonly edits: number;
  /** Writes that reached the store; fewer than edits, as edits of a key between two flushes become one. */
  readonly flushedWrites: number;
  /** Calls in which they did. */
  readonly flushes: number;
  readonly conflicts: number;
}

/** Takes writes, shows them to readers at once, and brings them to the store. */
export interface Writer {
  /** Looked at before the cache by every read. */
  readonly pending: ReadonlyMap<string, PendingWrite> & {
    /** Called with the key whose pending write appears, is replaced, or is gone. */
    readonly watchers: Set<(key: string) => void>;
  };
  /** Bytes of values sent. */
  readonly bytesOut: number;
  readonly counts: WriterCounts;
  /**
   * Takes a write.
   *
   * @param waiter - Without one, a failure is reported to `onFailure`.
   * @throws {BackpressureError} Too many writes wait. This one was not taken.
   */
  write(key: string, content: Content, waiter?: Waiter): void;
  /**
   * Takes many writes: those of one partition as one step, up to 10 000 of them or 16 MiB.
   *
   * @param waiter - Told of each, also of those that were not taken.
   * @param signal - When it is aborted, no more are taken.
   */
  writeMany(contents: ReadonlyMap<string, Content>, waiter: Waiter, signal: AbortSignal | undefined): Promise<void>;
  /**
   * Applies writes if their conditions hold, behind all writes of their keys that came before.
   *
   * @throws {KeyError} The keys belong to several partitions.
   */
  apply(write: ConditionalWrite): Promise<Receipt>;
  /**
   * Gives up the writes that `waiter` waits for, where they were not sent and nobody else wants them; what belongs
   * together goes or stays together. Returns whether none of them is left.
   */
  cancel(waiter: Waiter): boolean;
  /** Deletes `keys`, as one step in each partition. `isLast` announces that everything is deleted. */
  clear(keys: readonly string[], isLast: boolean): Promise<void>;
  /**
   * Resolves when every write taken so far, or every one of `key`, has ended, well or not.
   *
   * @throws {UnavailableError} One could not be brought to an end, and stays here.
   */
  settled(key?: string): Promise<void>;
  /** Brings everything to the store that was taken so far. Resolves with what stays here because it failed. */
  flush(): Promise<readonly WriteFailure[]>;
  /** Fails every write that was not sent with `reason`, and every other with `AmbiguousWriteError`. */
  close(reason: NearDictError): void;
}
