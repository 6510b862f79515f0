import type { Entry } from '../../cache/entry.ts';
import type { Values } from '../../codec/values.ts';
import type { Following } from '../../coherence/following.ts';
import type { Partition } from '../../coherence/partition.ts';
import { Replica } from '../../coherence/replica.ts';
import type { Content } from '../../coherence/staging.ts';
import { ClosedError } from '../../errors.ts';
import type { Space } from '../../store/store.ts';
import type { Writer } from '../../write/writer.ts';
import { DictEmitter, type DictState } from '../events.ts';
import { assertKey } from '../keys.ts';
import type { SignalOptions } from '../abortable.ts';
import { Pull } from '../pull.ts';
import type { StoreWalk } from '../storeWalk.ts';
import type { Writes } from '../writes.ts';
import { ChangeRecord, isSame } from './changeRecord.ts';
import { ConfigObject } from './configObject.ts';
import { Contents, Refused } from './contents.ts';
import { FirstLoad } from './firstLoad.ts';
import { Loader } from './loader.ts';
import type { Mirror, MirrorChange, MirrorEvents } from './mirror.ts';
import { OwnWrites } from './ownWrites.ts';

type Data = Record<string, unknown>;

/** What mirrors are put together from. */
export interface MirrorParts {
  readonly namespace: string;
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How often everything is read again, for the sake of programs that announce nothing. */
  readonly maxAgeMs: number;
  readonly space: Space;
  readonly partitions: readonly Partition[];
  readonly following: Following;
  readonly partitionOf: (key: string) => number;
  readonly values: Values;
  readonly writer: Writer;
  readonly writes: Writes;
  readonly walk: StoreWalk;
  /** The state of the dictionary. */
  readonly state: () => DictState;
}

/** A watcher: what has changed since it last looked. */
interface Watcher {
  readonly record: ChangeRecord;
  readonly pull: Pull<readonly MirrorChange[]>;
}

/** Shows a whole dictionary as a plain object, and keeps it current. */
export class LiveMirror implements Mirror<Data> {
  readonly #parts: MirrorParts;
  readonly #onEnd: () => void;
  readonly #emitter: DictEmitter;
  readonly #object: ConfigObject;
  readonly #contents: Contents;
  readonly #own: OwnWrites;
  readonly #replicas: readonly Replica[];
  /** Let go of the partitions. */
  readonly #releases: readonly (() => void)[];
  readonly #loader: Loader;
  readonly #firstLoad: FirstLoad;
  readonly #changes = new ChangeRecord();
  readonly #watchers = new Set<Watcher>();
  readonly #recheck: NodeJS.Timeout;
  #state: DictState = 'suspect';
  #isFailing = false;
  #isOpen = true;

  /** @param onEnd - Called once, when the mirror is closed. */
  constructor(parts: MirrorParts, onEnd: () => void) {
    const { namespace, partitions, partitionOf, following, space, timeoutMs, writer } = parts;
    this.#parts = parts;
    this.#onEnd = onEnd;
    this.#emitter = new DictEmitter(namespace);
    this.#object = new ConfigObject({
      assign: (key, value) => {
        this.#assertOpen();
        parts.writes.assign(key, value);
      },
      remove: (key) => {
        this.#assertOpen();
        parts.writes.remove(key);
      },
    });
    this.#contents = new Contents(partitionOf);
    this.#own = new OwnWrites(writer.pending, (key, entry) => this.#contentOf(key, entry));
    this.#releases = partitions.map((_, id) => following.hold(id));
    this.#replicas = partitions.map((partition, id) => this.#follow(space, id, partition, timeoutMs));
    this.#loader = new Loader({
      walk: parts.walk,
      replicas: this.#replicas,
      partitionOf,
      timeoutMs,
      onProgress: (progress) => {
        this.#firstLoad.goesOn();
        this.#emitter.emit('progress', progress);
      },
      onFailure: (error) => {
        this.#failed(error);
      },
    });
    this.#firstLoad = new FirstLoad(2 * timeoutMs);
    writer.pending.watchers.add(this.#noteWrite);
    this.#recheck = setInterval(() => {
      // While the store is away there is nothing to compare with; the state says so.
      this.#loader.recheck(this.#contents.keys()).catch(() => {});
    }, parts.maxAgeMs).unref();
  }

  /** Resolves when everything is loaded. */
  load(): Promise<void> {
    this.#loader.request();
    return this.#firstLoad.done;
  }

  get config(): Data {
    return this.#object.config;
  }

  get current(): Readonly<Data> {
    return this.#object.current;
  }

  get state(): DictState {
    return this.#state;
  }

  get age(): number {
    return this.#parts.now() - Math.min(...this.#replicas.map((replica) => replica.freshAsOf));
  }

  get invalid(): ReadonlyMap<string, Error> {
    return this.#contents.invalid;
  }

  watch({ signal }: SignalOptions = {}): AsyncIterableIterator<readonly MirrorChange[]> {
    this.#assertOpen();
    const record = new ChangeRecord();
    const end = (): void => {
      pull.end();
    };
    const take = (): readonly MirrorChange[] | undefined => {
      const changes = record.take((key) => this.#object.get(key));
      return changes.length === 0 ? undefined : changes;
    };
    const pull = new Pull(take, signal, () => {
      this.#watchers.delete(watcher);
      signal?.removeEventListener('abort', end);
    });
    const watcher = { record, pull };
    this.#watchers.add(watcher);
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
    return pull.iterate();
  }

  async when(key: string, predicate: (value: unknown) => unknown, options?: SignalOptions): Promise<unknown> {
    assertKey(key);
    options?.signal?.throwIfAborted();
    const changes = this.watch(options);
    try {
      do {
        const value = this.#object.get(key);
        if (predicate(value)) return value;
      } while ((await changes.next()).done !== true);
      throw new ClosedError(this.#parts.namespace);
    } finally {
      await changes.return?.();
    }
  }

  on<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents[E]) => void): this {
    this.#emitter.on(event, listener);
    return this;
  }

  once<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents[E]) => void): this {
    this.#emitter.once(event, listener);
    return this;
  }

  off<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents[E]) => void): this {
    this.#emitter.off(event, listener);
    return this;
  }

  async close(): Promise<void> {
    this.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes at once. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { namespace, partitions, writer } = this.#parts;
    clearInterval(this.#recheck);
    writer.pending.watchers.delete(this.#noteWrite);
    this.#loader.close();
    this.#replicas.forEach((replica, id) => {
      partitions[id]?.followers.remove(replica);
      replica.abandon();
    });
    for (const release of this.#releases) release();
    this.#firstLoad.fail(new ClosedError(namespace));
    for (const { pull } of this.#watchers) pull.end();
    this.#onEnd();
    this.#emitter.emit('close');
    this.#emitter.removeAllListeners();
  }

  /** The state of the dictionary, or how far the copy is behind, may have changed. */
  updateState(): void {
    const before = this.#state;
    this.#state = this.#judge();
    if (this.#state !== before && this.#firstLoad.isDone) this.#emitter.emit('state', this.#state, before);
  }

  #judge(): DictState {
    const state = this.#parts.state();
    return state === 'coherent' && !this.#replicas.every((replica) => replica.isRepaired) ? 'suspect' : state;
  }

  #follow(space: Space, id: number, partition: Partition, timeoutMs: number): Replica {
    const { now } = this.#parts;
    const replica = new Replica(space, id, partition, timeoutMs, {
      now,
      keys: () => this.#contents.keysOf(id),
      decode: (key, bytes) => this.#decode(key, bytes),
      commit: (changes, isWhole) => {
        this.#commit(changes, isWhole ? this.#contents.keysOf(id).filter((key) => !changes.has(key)) : []);
      },
      settled: (seq, freshAsOf) => {
        this.#settled(id, seq, freshAsOf);
      },
      acknowledged: (key, entry, position) => {
        this.#own.acknowledged(key, entry, id, position, now());
        this.#show([key]);
      },
      lost: () => {
        this.updateState();
        this.#loader.request();
      },
    });
    partition.followers.add(replica);
    return replica;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new ClosedError(this.#parts.namespace);
  }

  // Values

  #decode(key: string, bytes: Uint8Array): Content {
    try {
      return this.#parts.values.decodeGuarded(key, bytes);
    } catch (error) {
      return new Refused(error as Error);
    }
  }

  /** The value of an entry that others read too: what they share is frozen, and the bytes stay where it can't be shared. */
  #contentOf(key: string, { bytes, value }: Entry): Content {
    return bytes === undefined ? value : this.#decode(key, bytes);
  }

  // Changes

  #commit(changes: ReadonlyMap<string, Content>, gone: readonly string[]): void {
    const changed = [...gone];
    for (const key of gone) this.#contents.put(key, undefined);
    for (const [key, content] of changes) {
      if (this.#contents.put(key, content)) changed.push(key);
      else if (content instanceof Refused) this.#emitter.emit('invalid', key, content.error);
    }
    this.#show(changed);
  }

  #settled(id: number, seq: number, freshAsOf: number): void {
    this.#show(this.#own.settle(id, seq, freshAsOf));
    this.updateState();
    if (!this.#replicas.every((replica) => replica.isRepaired)) return;
    this.#isFailing = false;
    if (Number.isFinite(this.age)) this.#firstLoad.succeed();
  }

  readonly #noteWrite = (key: string): void => {
    this.#own.noteWrite(key);
    this.#show([key]);
  };

  #show(keys: Iterable<string>): void {
    for (const key of keys) {
      const before = this.#object.get(key);
      const now = this.#valueOf(key);
      if (isSame(before, now)) continue;
      this.#object.show(key, now);
      if (this.#firstLoad.isDone) this.#note(key, before);
    }
  }

  #valueOf(key: string): unknown {
    const own = this.#own.get(key);
    const isOwn = this.#own.has(key) && !(own instanceof Refused);
    return isOwn ? own : this.#contents.get(key);
  }

  /** Tells of the change when the code that makes it, and others with it, has run. */
  #note(key: string, before: unknown): void {
    if (this.#changes.isEmpty) queueMicrotask(() => this.#tell());
    this.#changes.note(key, before);
    for (const { record } of this.#watchers) record.note(key, before);
  }

  #tell(): void {
    const changes = this.#changes.take((key) => this.#object.get(key));
    if (changes.length === 0) return;
    for (const { pull } of this.#watchers) pull.wake();
    this.#emitter.emit('change', changes);
  }

  #failed(error: unknown): void {
    if (!this.#firstLoad.isDone) this.#firstLoad.fail(error);
    else if (!this.#isFailing) this.#emitter.emit('error', error);
    this.#isFailing = true;
  }
}
