import type { NearCache } from '../cache/nearCache.ts';
import type { Reply } from '../cache/reply.ts';
import type { Values } from '../codec/values.ts';
import type { Following } from '../coherence/following.ts';
import type { Partition } from '../coherence/partition.ts';
import type { Reader } from '../coherence/reader.ts';
import { type Duration, durationMs } from '../duration.ts';
import { ClosedError } from '../errors.ts';
import { Deadlines, keepAlive } from '../store/deadline.ts';
import type { Partitioner } from '../store/partitioner.ts';
import type { Space } from '../store/store.ts';
import { versionOf } from '../store/version.ts';
import type { FreshReads } from '../write/freshReads.ts';
import type { Writer } from '../write/writer.ts';
import { abortable } from './abortable.ts';
import type { ChangeHub } from './changeHub.ts';
import { dictProxy } from './dictProxy.ts';
import type { DictChange, DictEmitter, DictEvents, DictState } from './events.ts';
import { assertKey, assertMany, assertManyKeys, PROTO } from './keys.ts';
import type { Awaitable } from './lazyRead.ts';
import type { LocalReads } from './localReads.ts';
import type { Mirror, MirrorOptions } from './mirror/mirror.ts';
import type { Mirrors } from './mirror/mirrors.ts';
import type { SignalOptions } from './abortable.ts';
import type {
  Dict,
  DictEntry,
  DictPeer,
  DictStats,
  GetOptions,
  NearDict,
  Reads,
  ScanOptions,
  SetOptions,
  WatchedValue,
  WatchOptions,
  WriteOptions,
} from './nearDict.ts';
import type { Peers } from './peers.ts';
import { collectStats } from './stats.ts';
import type { StoreWalk } from './storeWalk.ts';
import type { Change, ChangeMany, Updates } from './updates.ts';
import type { Writes } from './writes.ts';

/**
 * What a handle is put together from.
 *
 * @internal
 */
export interface HandleParts {
  readonly namespace: string;
  readonly timeoutMs: number;
  /** Milliseconds, on the scale of `Partition.freshAsOf`. */
  readonly now: () => number;
  readonly space: Space;
  readonly cache: NearCache;
  readonly values: Values;
  readonly partitions: readonly Partition[];
  readonly readers: readonly Reader[];
  readonly following: Following;
  readonly partitionOf: Partitioner;
  readonly freshReads: FreshReads;
  readonly writer: Writer;
  readonly writes: Writes;
  readonly updates: Updates;
  readonly reads: LocalReads;
  readonly walk: StoreWalk;
  readonly hub: ChangeHub;
  readonly emitter: DictEmitter;
  readonly mirrors: Mirrors;
  readonly peers: Peers;
  readonly state: () => DictState;
}

type Data = Record<string, unknown>;

/** Cached entries that `console.log(dict)` shows. */
const MAX_DESCRIBED = 20;

const handles = new WeakMap<object, Handle>();

/**
 * The handle of a dictionary object.
 *
 * @returns `undefined` for anything else.
 */
export function handleOf<T extends object>(dict: Dict<T> | Reads<T>): NearDict<T> | undefined {
  return handles.get(dict) as NearDict<T> | undefined;
}

/**
 * The methods of a dictionary, over its parts.
 *
 * @internal
 */
export class Handle implements NearDict<Data> {
  readonly dict: Dict<Data>;
  readonly namespace: string;
  readonly #parts: HandleParts;
  readonly #deadlines = new Deadlines();
  #isOpen = true;
  #closed: Promise<void> | undefined;

  constructor(parts: HandleParts) {
    const { namespace, reads, writes } = parts;
    this.namespace = namespace;
    this.#parts = parts;
    this.dict = dictProxy({
      namespace,
      reads,
      ask: (key) => reads.hit(key) ?? this.#ask(key),
      assign: (key, value) => {
        writes.assign(key, value);
      },
      remove: (key) => {
        writes.remove(key);
      },
      describe: () => this.#describe(),
    });
    handles.set(this.dict, this);
  }

  get reads(): Reads<Data> {
    return this.dict as Reads<Data>;
  }

  get state(): DictState {
    return this.#isOpen ? this.#parts.state() : 'offline';
  }

  // Reading

  get(key: string, options?: GetOptions): Promise<unknown> {
    return (options === undefined ? this.#parts.reads.hit(key) : undefined) ?? this.#ask(key, options).then(undefined);
  }

  async getMany<K extends string>(given: readonly K[], options?: SignalOptions): Promise<{ [P in K]: unknown }> {
    assertManyKeys(given);
    const keys = [...given];
    for (const key of keys) assertKey(key);
    options?.signal?.throwIfAborted();
    const values = await abortable(Promise.all(keys.map((key) => this.get(key))), options?.signal);
    return Object.fromEntries(keys.map((key, index) => [key, values[index]])) as { [P in K]: unknown };
  }

  async has(key: string, options?: SignalOptions): Promise<boolean> {
    return (await this.get(key, options)) !== undefined;
  }

  peek(key: string): unknown {
    this.#assertOpen();
    const value = typeof key === 'string' ? this.#parts.reads.peek(key) : undefined;
    // What is in memory has a sound key: looking at each took a sixth of the time.
    if (value === undefined) assertKey(key);
    return value;
  }

  async getEntry(key: string, options?: SignalOptions): Promise<DictEntry<unknown> | undefined> {
    assertKey(key);
    options?.signal?.throwIfAborted();
    const { bytes, entry, expiresAt } = await abortable(this.#readFresh(key), options?.signal);
    if (bytes === undefined) return undefined;
    return {
      value: entry.peek(key, this.#parts.values),
      version: versionOf(bytes),
      expiresAt: Number.isFinite(expiresAt) ? Math.floor(Date.now() + expiresAt - this.#parts.now()) : undefined,
    };
  }

  // Writing

  set(key: string, value: unknown, options?: SetOptions): Promise<string> {
    const { writes, updates } = this.#parts;
    return options?.ifVersion === undefined ? writes.set(key, value, options) : updates.setIf(key, value, options);
  }

  async setMany(entries: Data | Iterable<readonly [string, unknown]>, options: WriteOptions = {}): Promise<void> {
    assertMany(entries);
    const pairs = Symbol.iterator in entries ? entries : Object.entries(entries);
    await this.#parts.writes.setMany(pairs, options);
  }

  update(key: string, change: Change, options?: WriteOptions): Promise<unknown>;
  update(keys: readonly string[], change: ChangeMany, options?: WriteOptions): Promise<Data>;
  async update(
    keys: string | readonly string[],
    change: Change & ChangeMany,
    options: WriteOptions = {},
  ): Promise<unknown> {
    const { updates } = this.#parts;
    return typeof keys === 'object' && keys !== null
      ? updates.updateMany(keys, change, options)
      : updates.update(keys, change, options);
  }

  async getOrSet<K extends string>(key: K, make: (key: K) => unknown, options: WriteOptions = {}): Promise<unknown> {
    const present = await this.get(key, { signal: options.signal });
    return present === undefined ? this.#parts.updates.getOrSet(key, async () => make(key), options) : present;
  }

  delete(key: string, options?: SignalOptions): Promise<boolean> {
    return this.#parts.writes.delete(key, options?.signal);
  }

  async deleteMany(keys: Iterable<string>, options?: SignalOptions): Promise<number> {
    assertManyKeys(keys);
    return this.#parts.writes.deleteMany(keys, options?.signal);
  }

  async clear(options?: SignalOptions): Promise<void> {
    await this.#parts.writes.clear(options?.signal);
  }

  // Walking

  async *keys(options?: ScanOptions): AsyncGenerator<string, void, undefined> {
    await this.#parts.writes.settled(options?.signal);
    for await (const keys of this.#parts.walk.keys(options)) yield* keys;
  }

  async *values(options?: ScanOptions): AsyncGenerator<unknown, void, undefined> {
    for await (const [, value] of this.entries(options)) yield value;
  }

  async *entries(options?: ScanOptions): AsyncGenerator<readonly [string, unknown], void, undefined> {
    await this.#parts.writes.settled(options?.signal);
    for await (const entries of this.#parts.walk.entries(options)) yield* entries;
  }

  [Symbol.asyncIterator](): AsyncGenerator<readonly [string, unknown], void, undefined> {
    return this.entries();
  }

  async size(options?: SignalOptions): Promise<number> {
    await this.#parts.writes.settled(options?.signal);
    let size = 0;
    for await (const keys of this.#parts.walk.keys(options)) size += keys.length;
    return size;
  }

  async snapshot(options?: ScanOptions): Promise<Data> {
    await this.#parts.writes.settled(options?.signal);
    const data: Data = {};
    await this.#parts.walk.all(options, (key, value) => {
      if (key === PROTO)
        Object.defineProperty(data, key, { value, configurable: true, enumerable: true, writable: true });
      else data[key] = value;
    });
    return data;
  }

  // Watching

  watch(key: string, options?: WatchOptions): AsyncIterableIterator<WatchedValue<unknown>>;
  watch(options?: SignalOptions): AsyncIterableIterator<DictChange>;
  watch(
    first?: string | SignalOptions,
    options?: WatchOptions,
  ): AsyncIterableIterator<WatchedValue<unknown>> | AsyncIterableIterator<DictChange> {
    this.#assertOpen();
    if (first === undefined || (typeof first === 'object' && first !== null)) {
      this.#followAll();
      return this.#parts.hub.watch(() => true, first?.signal).iterate();
    }
    assertKey(first);
    return this.#watchKey(first, options);
  }

  async mirror<C>(options: MirrorOptions = {}): Promise<Mirror<Data, C>> {
    this.#assertOpen();
    return (await this.#parts.mirrors.open(options)) as Mirror<Data, C>;
  }

  on<E extends keyof DictEvents>(event: E, listener: (...args: DictEvents[E]) => void): this {
    this.#attend(event);
    this.#parts.emitter.on(event, listener);
    return this;
  }

  once<E extends keyof DictEvents>(event: E, listener: (...args: DictEvents[E]) => void): this {
    this.#attend(event);
    this.#parts.emitter.once(event, listener);
    return this;
  }

  off<E extends keyof DictEvents>(event: E, listener: (...args: DictEvents[E]) => void): this {
    this.#parts.emitter.off(event, listener);
    return this;
  }

  // Ending

  async flush(options?: SignalOptions): Promise<void> {
    await this.#parts.writes.flush(options?.signal);
  }

  close({ timeout = this.#parts.timeoutMs }: { readonly timeout?: Duration | undefined } = {}): Promise<void> {
    try {
      this.#closed ??= this.#close(durationMs('timeout', timeout, 0));
      return this.#closed;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  destroy(): void {
    if (this.#closed !== undefined) return;
    this.#closed = this.#end();
    // Whoever destroys does not wait to hear that a connection could not be closed well.
    this.#closed.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): DictStats {
    return collectStats(this.#parts);
  }

  async peers({ timeout = 1000 }: { readonly timeout?: Duration | undefined } = {}): Promise<readonly DictPeer[]> {
    this.#assertOpen();
    return keepAlive(this.#parts.peers.all(performance.now() + durationMs('timeout', timeout, 10)));
  }

  // Behind the methods

  /** Without a promise of its own around that of the read: there would be one more for every miss under way. */
  #ask(key: string, options?: GetOptions): Awaitable {
    try {
      assertKey(key);
      this.#assertOpen();
      options?.signal?.throwIfAborted();
      if (options === undefined) return this.#parts.reads.ask(key);
      const read = options.fresh === true ? this.#getFresh(key) : this.#parts.reads.get(key);
      return abortable(read.then(undefined), options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #getFresh(key: string): Promise<unknown> {
    const { entry } = await this.#readFresh(key);
    return entry.peek(key, this.#parts.values);
  }

  async #readFresh(key: string): Promise<Reply> {
    this.#assertOpen();
    return this.#parts.freshReads.read(key);
  }

  #watchKey(key: string, options: WatchOptions | undefined): AsyncIterableIterator<WatchedValue<unknown>> {
    const { signal, initial } = options ?? {};
    const release = this.#parts.following.hold(this.#parts.partitionOf(key));
    const queue = this.#parts.hub.watch((change) => !('key' in change) || change.key === key, signal, release);
    if (initial === true) queue.push({ type: 'resync' });
    const changes = queue.iterate();
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      await changes.return?.();
      return { done: true, value: undefined };
    };
    return {
      next: async () => {
        if ((await changes.next()).done === true) return end();
        try {
          const value = await this.get(key, { signal });
          return { done: false, value: value === undefined ? { type: 'delete', value } : { type: 'set', value } };
        } catch (error) {
          // Nobody returns an iterator that has thrown.
          await end();
          if (error instanceof ClosedError) return end();
          throw error;
        }
      },
      return: end,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #attend(event: keyof DictEvents): void {
    if (event === 'change') this.#followAll();
    if (event === 'state') this.#parts.following.keepProving();
  }

  /** Who listens to changes needs proofs of position even while nobody reads. */
  #followAll(): void {
    const { following } = this.#parts;
    following.followAll();
    following.keepProving();
  }

  async #close(timeoutMs: number): Promise<void> {
    const { writer, writes, emitter } = this.#parts;
    writes.close();
    const deadline = performance.now() + timeoutMs;
    // What does not get there is reported by the end of the writer.
    await this.#deadlines.within(writer.flush(), deadline, () => new ClosedError(this.namespace)).catch(() => {});
    emitter.warnNoMore();
    await this.#end();
    writes.throwFailures();
  }

  async #end(): Promise<void> {
    this.#isOpen = false;
    const { reads, writer, writes, following, hub, cache, space, emitter, mirrors } = this.#parts;
    reads.close();
    writes.close();
    writer.close(new ClosedError(this.namespace));
    hub.close();
    const mirrored = mirrors.close();
    following.close();
    cache.clear();
    try {
      await Promise.all([space.close(), mirrored]);
    } finally {
      emitter.end();
    }
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new ClosedError(this.namespace);
  }

  #describe(): Data {
    const entries: (readonly [string, unknown])[] = [];
    for (const entry of this.#parts.reads.held()) {
      if (entries.length === MAX_DESCRIBED) break;
      if (entry[1] !== undefined) entries.push(entry);
    }
    return { namespace: this.namespace, state: this.state, cached: Object.fromEntries(entries) };
  }
}
