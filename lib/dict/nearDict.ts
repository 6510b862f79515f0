import type { Duration } from '../duration.ts';
import type { PartitionId } from '../store/store.ts';
import type { SignalOptions } from './abortable.ts';
import type { DictEvents, DictChange, DictState } from './events.ts';
import type { SchemaOutput, StandardSchema } from '../schema/standardSchema.ts';
import type { DefaultedConfig, Mirror, MirrorConfig, MirrorOptions } from './mirror/mirror.ts';
import type { Key, Pair, Value } from './pair.ts';
import type { REMOVE } from './remove.ts';

/** The Proxy: assign a value, await a read. */
export type Dict<T> = { [K in keyof T]?: T[K] | Promise<T[K] | undefined> };

/** The Proxy typed for reading: every property is a promise. */
export type Reads<T> = { readonly [K in keyof T]-?: Promise<T[K] | undefined> };

/** What code should ask for that takes a plain config object or a dictionary, and awaits each read. */
export type MaybeAsync<T> = { readonly [K in keyof T]?: T[K] | PromiseLike<T[K] | undefined> };

/** A value with the version by which it can be compared. */
export interface DictEntry<V> {
  readonly value: V;
  /** SHA-1 of the stored bytes, 40 hexadecimal digits. */
  readonly version: string;
  /** Milliseconds since 1970 when the entry expires; `undefined`: it does not. */
  readonly expiresAt: number | undefined;
}

export interface GetOptions extends SignalOptions {
  /** Waits for this process's own writes of the key and asks the store: linearizable with awaited writes. Default `false`. */
  readonly fresh?: boolean | undefined;
}

export interface WriteOptions extends SignalOptions {
  /** How long the value lives in the store, at least 1 ms; `Infinity`: for ever. Default: the option `ttl`. */
  readonly ttl?: Duration | undefined;
}

export interface SetOptions extends WriteOptions {
  /**
   * Writes only if the key has this version, or, with `null`, only if it is missing; otherwise `set` rejects with
   * `ConflictError`. Default: whatever it has.
   */
  readonly ifVersion?: string | null | undefined;
}

/** What the function given to `update()` returns: the new value, or `REMOVE`; or a promise of it. */
export type Updated<V> = V | typeof REMOVE | PromiseLike<V | typeof REMOVE>;

/** New values of some of the keys given to `update()`; keys that are left out stay as they are. */
export type UpdatedMany<T, K extends keyof T> = { readonly [P in K]?: Value<T, P> | typeof REMOVE };

export interface ScanOptions extends SignalOptions {
  /** Only keys that start with it. Default: all. */
  readonly prefix?: string | undefined;
}

export interface WatchOptions extends SignalOptions {
  /** Yields the present value first. Default `false`. */
  readonly initial?: boolean | undefined;
}

/** The watched key has a new value, or was deleted. */
export type WatchedValue<V> =
  { readonly type: 'set'; readonly value: V } | { readonly type: 'delete'; readonly value: undefined };

/** What a dictionary has done and holds. Counts are since it was opened. */
export interface DictStats {
  /** Reads answered from memory. */
  readonly hits: number;
  /** Reads that asked the store. */
  readonly misses: number;
  /** `hits / (hits + misses)`; 0 before the first read. */
  readonly hitRate: number;
  /** Replies that were not kept because something newer was heard, or the history was not certain. */
  readonly fillsRefused: number;
  /** Messages received. */
  readonly messages: number;
  /** Times that messages were found missing. */
  readonly gaps: number;
  /** Times that cached entries were dropped because changes were missed. */
  readonly repairs: number;
  /** Entries held, missing keys included. */
  readonly entries: number;
  /** Writes that are not in the store yet. */
  readonly pendingWrites: number;
  /** With write-back: keys with assignments that the store does not have. */
  readonly dirty: number;
  /** With write-back: assignments and deletes that were kept here. */
  readonly edits: number;
  /** With write-back: calls in which keys were flushed. */
  readonly flushes: number;
  /** With write-back: how many edits became one write; 1 before the first flush. */
  readonly coalescing: number;
  /** With write-back: keys whose flush met a change by others. */
  readonly conflicts: number;
  /** Bytes of values read from the store. */
  readonly bytesIn: number;
  /** Bytes of values written to the store. */
  readonly bytesOut: number;
  /** Milliseconds since the moment at which the cache was last proven equal to the store; `Infinity` before. */
  readonly lag: number;
}

/** A handle that has the dictionary open, in this or another process, at the moment at which it answered. */
export interface DictPeer {
  /** Marks the handle: 12 hexadecimal digits. */
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Version of this package there. */
  readonly version: string;
  readonly state: DictState;
  /** The partitions that it follows, at most 256 of them, and how many write calls it has applied in each. */
  readonly positions: readonly (readonly [partition: PartitionId, calls: number])[];
  /** As in `stats()`. */
  readonly hits: number;
  readonly misses: number;
  readonly hitRate: number;
  readonly entries: number;
  readonly pendingWrites: number;
  readonly lag: number;
  /** Milliseconds since it was opened. */
  readonly age: number;
}

/**
 * A dictionary that all processes share which open the same namespace.
 *
 * `C` is what its mirrors show: with a schema for each key a value for every required one.
 *
 * All methods live here and none on `dict`, so that no key is taken. Every operation ends within `timeout`, a walk over
 * all entries with each of its steps, and rejects with the reason of its `signal` as soon as that is aborted. Methods
 * reject with `KeyError`, `CodecError` or `ValueTooLargeError` for bad input before anything is done, with
 * `UnavailableError` when the store can't be reached and nothing was changed, with `AmbiguousWriteError` when a write may
 * or may not have happened, and with `ClosedError` after `close()`.
 */
export interface NearDict<T extends object = Record<string, unknown>, C = MirrorConfig<T>> {
  /** The object to work with: `dict.key = value`, `await dict.key`, `delete dict.key`. */
  readonly dict: Dict<T>;
  /** The same object, typed for reading only. */
  readonly reads: Reads<T>;
  readonly namespace: string;
  readonly state: DictState;

  /** The value, from memory where that is proven fresh; `undefined` is missing, `null` is a value. */
  get<K extends Key<T>>(key: K, options?: GetOptions): Promise<T[K] | undefined>;
  /** Many values as one object with all the keys; a missing one is `undefined`. */
  getMany<K extends Key<T>>(keys: readonly K[], options?: SignalOptions): Promise<{ [P in K]: T[P] | undefined }>;
  /** Whether the key has a value. */
  has(key: Key<T>, options?: SignalOptions): Promise<boolean>;
  /** The value from memory alone, at once. `undefined`: missing, or not in memory; it can't tell which. */
  peek<K extends Key<T>>(key: K): T[K] | undefined;
  /** The value with its version, from the store. */
  getEntry<K extends Key<T>>(key: K, options?: SignalOptions): Promise<DictEntry<Value<T, K>> | undefined>;

  /**
   * Writes, and resolves the version when the store has the value and has announced it.
   *
   * With a `signal`: a write that was not sent yet is given up; one that was rejects with `AmbiguousWriteError`.
   */
  set<K extends Key<T>>(key: K, value: Value<T, K>, options?: SetOptions): Promise<string>;
  /**
   * Writes many, those of one partition in one step, all or none of them. Every entry is checked before any is written.
   *
   * More than 10 000 entries, or 16 MiB, of one partition go in several steps.
   *
   * @throws {PartialWriteError} Some steps failed and others did not; it says which keys were written.
   */
  setMany(entries: Partial<T> | Iterable<Pair<T>>, options?: WriteOptions): Promise<void>;
  /**
   * Changes a value by what it is: nothing that others write meanwhile is lost.
   *
   * @param change - Gets the value, `undefined` if it is missing, and returns the new one, or `REMOVE`. It is called
   *   again with the newer value when somebody else was faster, so it should have no other effects. It has `timeout` to
   *   end; what it throws is passed on, and nothing is written.
   * @returns The new value as it is stored; `undefined` after `REMOVE`.
   * @throws {ConflictError} Others were faster until `timeout` was over. Nothing was written.
   * @throws {CodecError} It returned `undefined`, which is no value: a forgotten `return` must not delete. Nothing was
   *   written.
   */
  update<K extends Key<T>>(
    key: K,
    change: (value: T[K] | undefined) => Updated<Value<T, K>>,
    options?: WriteOptions,
  ): Promise<T[K] | undefined>;
  /**
   * Changes several values of one partition in one step.
   *
   * @param change - Gets an object with all the keys, and returns the new values of those that change.
   * @throws {KeyError} The keys belong to several partitions.
   */
  update<K extends Key<T>>(
    keys: readonly K[],
    change: (values: { [P in K]: T[P] | undefined }) => UpdatedMany<T, K> | PromiseLike<UpdatedMany<T, K>>,
    options?: WriteOptions,
  ): Promise<{ [P in K]: T[P] | undefined }>;
  /**
   * The value; a missing one is made by `make` and stored.
   *
   * Those who ask in this process at the same time share one call of `make`. If several processes make a value, the
   * first one that is stored wins, and all get that.
   *
   * @param make - May take longer than `timeout`. What it throws is passed on to all who wait, and nothing is stored.
   */
  getOrSet<K extends Key<T>>(
    key: K,
    make: (key: K) => Value<T, K> | PromiseLike<Value<T, K>>,
    options?: WriteOptions,
  ): Promise<Value<T, K>>;
  /** Deletes, and resolves whether the key was there. */
  delete(key: Key<T>, options?: SignalOptions): Promise<boolean>;
  /** Deletes many, in steps as `setMany`, and resolves how many were there. */
  deleteMany(keys: Iterable<Key<T>>, options?: SignalOptions): Promise<number>;
  /** Deletes everything. Keys that are written meanwhile may survive. */
  clear(options?: SignalOptions): Promise<void>;

  /** All keys in the store, each once, in no order. Keys written or deleted meanwhile may or may not appear. */
  keys(options?: ScanOptions): AsyncGenerator<Key<T>, void, undefined>;
  /** All values in the store. */
  values(options?: ScanOptions): AsyncGenerator<Value<T, Key<T>>, void, undefined>;
  /** All keys with their values, as `for await (const [key, value] of handle)` yields them too. */
  entries(options?: ScanOptions): AsyncGenerator<Pair<T>, void, undefined>;
  [Symbol.asyncIterator](): AsyncGenerator<Pair<T>, void, undefined>;
  /** Number of keys in the store. Costs a scan. */
  size(options?: SignalOptions): Promise<number>;
  /** All entries as one plain object: no moment in time, each value as it was when the scan met it. */
  snapshot(options?: ScanOptions): Promise<Partial<T>>;

  /**
   * Follows one key: yields its value whenever it may have changed. A slow consumer gets the latest value only.
   *
   * Ends when the dictionary is closed; throws the reason when aborted.
   */
  watch<K extends Key<T>>(key: K, options?: WatchOptions): AsyncIterableIterator<WatchedValue<Value<T, K>>>;
  /** Follows all keys: yields the latest change per key, `clear`, and `resync` when changes were missed. */
  watch(options?: SignalOptions): AsyncIterableIterator<DictChange<Key<T>>>;

  /**
   * Loads everything into memory and keeps it current: `config` of what it resolves is read without `await`.
   *
   * It costs a scan of the store, the memory for all entries, and from then on every message of the dictionary.
   *
   * @throws {UnavailableError} The store could not be read; nothing is left behind.
   * @throws {SchemaError} What is stored does not fit the schema, or a required key has no value and no default.
   */
  mirror<S extends StandardSchema>(
    options: MirrorOptions<T> & { readonly schema: S },
  ): Promise<Mirror<T, SchemaOutput<S>>>;
  mirror<D extends Partial<T>>(
    options: MirrorOptions<T> & { readonly defaults: D },
  ): Promise<Mirror<T, DefaultedConfig<T, D>>>;
  mirror(options?: MirrorOptions<T>): Promise<Mirror<T, C>>;

  /**
   * Resolves when everything written so far is in the store. Giving it up by a `signal` leaves the writes on their way.
   *
   * @throws {FlushError} Assignments and deletes that failed since the last flush, all of them, with keys and reasons.
   */
  flush(options?: SignalOptions): Promise<void>;
  /**
   * Flushes, then gives back everything that was opened. Calling it again returns the same promise.
   *
   * @param options - `timeout`: how long to wait for pending writes; default: the option `timeout`.
   * @throws {FlushError} As `flush()`, and with the writes that have not ended in time; the dictionary is closed
   *   nevertheless.
   */
  close(options?: { readonly timeout?: Duration | undefined }): Promise<void>;
  /**
   * Closes at once. Pending writes are given up: those that were not sent with `ClosedError`, those that were with
   * `AmbiguousWriteError`.
   */
  destroy(): void;
  [Symbol.asyncDispose](): Promise<void>;

  stats(): DictStats;
  /**
   * The handles that have the dictionary open now, in all processes, this one included, the longest open first.
   *
   * They are asked at this moment: one that is stuck, cut off, or may not publish does not answer. It costs a message to
   * each and one from each.
   *
   * @param options - `timeout`: how long to wait for answers, default 1000 ms. On a single server it ends as soon as all
   *   who have heard the question have answered.
   */
  peers(options?: { readonly timeout?: Duration | undefined }): Promise<readonly DictPeer[]>;

  on<E extends keyof DictEvents>(event: E, listener: (...args: DictEvents<Key<T>>[E]) => void): this;
  once<E extends keyof DictEvents>(event: E, listener: (...args: DictEvents<Key<T>>[E]) => void): this;
  off<E extends keyof DictEvents>(event: E, listener: (...args: DictEvents<Key<T>>[E]) => void): this;
}
