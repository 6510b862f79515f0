import type { StandardSchema } from '../../schema/standardSchema.ts';
import type { DictState } from '../events.ts';
import type { SignalOptions } from '../abortable.ts';
import type { Key, Value } from '../pair.ts';

/** What a mirror shows: plain values, no promise anywhere. A key that has no value is absent. */
export type MirrorConfig<T> = { [K in keyof T]?: T[K] };

/** The same where the process has defaults for some keys. */
export type DefaultedConfig<T, D> = {
  [K in keyof T as K extends keyof D ? K : never]-?: T[K];
} & { [K in keyof T as K extends keyof D ? never : K]?: T[K] };

/** A key whose value has changed, with the values before and now; `undefined` is missing. */
export type MirrorChange<T = Record<string, unknown>> = {
  [K in Key<T>]: {
    readonly key: K;
    readonly before: Value<T, K> | undefined;
    readonly now: Value<T, K> | undefined;
  };
}[Key<T>];

/** How far a load has come. */
export interface MirrorProgress {
  /** Keys loaded so far. */
  readonly loaded: number;
}

/** Events of a mirror, with their arguments. */
export interface MirrorEvents<T = Record<string, unknown>> {
  /** All that has changed since the last event, in one: `config` and `current` show it already. */
  change: [changes: readonly MirrorChange<T>[]];
  state: [now: DictState, before: DictState];
  /** A load goes on: the first one, or one that follows an outage too long for the change log. */
  progress: [progress: MirrorProgress];
  /** What another process stored under the key can't be shown. The last good value stays. */
  invalid: [key: Key<T>, error: Error];
  /** A listener threw, or keeping current has met with an error; it is tried again. */
  error: [error: unknown];
  close: [];
}

/** What `mirror()` takes. For one key, overrides win over own writes, these over what is stored, this over defaults. */
export interface MirrorOptions<T extends object = Record<string, unknown>> extends SignalOptions {
  /**
   * What the whole object has to be, by a synchronous schema of the Standard Schema: also how keys depend on each other.
   * What the schema makes of all values is shown. An assignment that does not fit throws; a value from elsewhere that
   * does not fit is not shown.
   */
  readonly schema?: StandardSchema | undefined;
  /** Values of this process for keys that have none in the store. */
  readonly defaults?: Partial<T> | undefined;
  /** Values of this process that hide what is stored. Assigning such a key through `config` throws. */
  readonly overrides?: Partial<T> | undefined;
  /**
   * What to show when the store is away at the start: an object, or the path of a file with a JSON object. The mirror
   * then resolves in the state `offline`, and loads as soon as the store is there.
   */
  readonly bootstrap?: string | URL | Partial<T> | undefined;
  /**
   * A file that holds what is stored, written soon after each change, readable by its owner only. When the store is away
   * at the start it goes before `bootstrap`. A damaged one is an `error` event, and ignored.
   */
  readonly backup?: string | URL | undefined;
  /** Told how far the first load has come, and every later one. */
  readonly onProgress?: ((progress: MirrorProgress) => void) | undefined;
}

/**
 * The whole dictionary in the memory of this process, kept current: reads need no `await`.
 *
 * All methods live here and none on `config`, so that no key is taken. Values are shared by all readers and frozen to
 * their leaves; dates can't be changed by their methods. Only the elements of binary can't be protected.
 */
export interface Mirror<T extends object = Record<string, unknown>, C = MirrorConfig<T>> {
  /**
   * The object to hand to code that expects a plain one: one for good, always current.
   *
   * Assigning and deleting write to the store, by the rules of `dict`: bad input throws at the statement, the write is
   * seen here at once, a later failure takes it back and is reported by the handle's `error` event and `flush()`.
   */
  readonly config: C;
  /** `config` as a frozen plain object, for reads that must belong together: another one after each change. */
  readonly current: Readonly<C>;
  /**
   * - `coherent`: what `config` shows follows the store.
   * - `suspect`: the feed is interrupted, or what was missed is being read; the last known values are shown.
   * - `offline`: the store does not answer; the last known values are shown.
   */
  readonly state: DictState;
  /** Milliseconds since the moment at which `config` was last proven equal to the store; `Infinity` before. */
  readonly age: number;
  /** Keys whose stored value can't be shown, and why. */
  readonly invalid: ReadonlyMap<Key<T>, Error>;

  /**
   * Follows all keys: yields what has changed since the last time, all in one.
   *
   * Ends when the mirror is closed; throws the reason when aborted.
   */
  watch(options?: SignalOptions): AsyncIterableIterator<readonly MirrorChange<T>[]>;
  /**
   * Resolves the value of `key` as soon as `predicate` holds for it, which may be now. A missing key is `undefined`.
   *
   * @throws {ClosedError} The mirror was closed meanwhile.
   */
  when<K extends Key<T>>(
    key: K,
    predicate: (value: Value<T, K> | undefined) => unknown,
    options?: SignalOptions,
  ): Promise<Value<T, K> | undefined>;

  /** Stops following. `config` keeps the last values, and assigning to it throws. The handle stays open. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;

  on<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents<T>[E]) => void): this;
  once<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents<T>[E]) => void): this;
  off<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents<T>[E]) => void): this;
}
