import type { Entry } from '../cache/entry.ts';
import type { NearDictError } from '../errors.ts';

/** Hears how one write ended. One waiter may wait for many writes. */
export interface Waiter {
  /** @param existed - Whether the key was there before; meaningful for deletes. */
  applied(existed: boolean): void;
  failed(error: NearDictError): void;
}

/** A write that readers of this process see already and the store does not yet, for all that is known. */
export interface PendingWrite {
  /** What reads return. */
  readonly entry: Entry;
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
  /**
   * Takes a write.
   *
   * @param bytes - The encoded value; `undefined` deletes.
   * @param waiter - Without one, a failure is reported to `onFailure`.
   * @throws {BackpressureError} Too many writes wait. This one was not taken.
   */
  write(key: string, bytes: Uint8Array | undefined, waiter?: Waiter): void;
  /** Gives up a write that `waiter` waits for. Returns whether it was stopped before it was sent, and for nobody else. */
  cancel(key: string, waiter: Waiter): boolean;
  /** Announces that everything is deleted, behind the deletes of `keys`. */
  clear(keys: readonly string[]): Promise<void>;
  /** Resolves when every write taken so far, or every one of `key`, has ended, well or not. */
  settled(key?: string): Promise<void>;
  /** Fails every write that was not sent with `reason`, and every other with `AmbiguousWriteError`. */
  close(reason: NearDictError): void;
}
