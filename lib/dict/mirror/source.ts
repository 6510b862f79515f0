import type { Entry } from '../../cache/entry.ts';
import type { Following } from '../../coherence/following.ts';
import type { Partition } from '../../coherence/partition.ts';
import { LoadedRows } from '../../coherence/loaded.ts';
import { Replica } from '../../coherence/replica.ts';
import type { Content, CopyChanges, Loaded } from '../../coherence/copyChange.ts';
import type { Space } from '../../store/store.ts';
import type { Writer } from '../../write/writer.ts';
import type { DictState } from '../events.ts';
import type { StoreWalk } from '../storeWalk.ts';
import type { Writes } from '../writes.ts';
import { Loader } from './loader.ts';
import type { MirrorProgress } from './mirror.ts';
import { OwnWrites } from './ownWrites.ts';

/** The parts of a dictionary that a mirror of it uses. */
export interface MirroredDict {
  readonly timeoutMs: number;
  /** How often everything is read again, for the sake of programs that announce nothing. */
  readonly maxAgeMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly space: Space;
  readonly partitions: readonly Partition[];
  readonly following: Following;
  readonly partitionOf: (key: string) => number;
  readonly writer: Writer;
  readonly writes: Writes;
  readonly walk: StoreWalk;
  /** The state of the dictionary. */
  readonly state: () => DictState;
}

/** Where a source brings what it gets to. */
export interface SourceHost {
  /** The keys that the store holds, as far as is known. */
  keys(): Iterable<string>;
  decode(key: string, bytes: Uint8Array): Content;
  /** The same of what is to be committed. */
  receive(key: string, bytes: Uint8Array): Content;
  /** Whether readers have something: before, there is nothing but what was brought. */
  isPublic(): boolean;
  /** What takes what is loaded from the only partition. */
  draft(): Loaded;
  /** The store has changed: all these together. `gone`: keys that it holds no more. */
  committed(changes: CopyChanges, gone: readonly string[]): void;
  /** Own writes of these keys have come or gone. */
  overlaid(keys: readonly string[]): void;
  /** The source may have become current, or stopped being so. */
  moved(): void;
  progressed(progress: MirrorProgress): void;
  failed(error: unknown): void;
}

/** Keeps a mirror current from a dictionary. */
export class MirrorSource {
  readonly own: OwnWrites;
  readonly #dict: MirroredDict;
  readonly #host: SourceHost;
  readonly #replicas: readonly Replica[];
  readonly #loader: Loader;
  /** Let go of the partitions. */
  readonly #releases: readonly (() => void)[];
  readonly #recheck: NodeJS.Timeout;

  constructor(dict: MirroredDict, host: SourceHost) {
    const { partitions, partitionOf, following, writer, walk, timeoutMs, maxAgeMs } = dict;
    this.#dict = dict;
    this.#host = host;
    this.own = new OwnWrites(writer.pending, (key, entry) => this.#contentOf(key, entry));
    this.#replicas = partitions.map((partition, id) => this.#follow(partition, id));
    this.#releases = partitions.map((_, id) => following.hold(id));
    this.#loader = new Loader({
      walk,
      replicas: this.#replicas,
      partitionOf,
      timeoutMs,
      onProgress: (progress) => {
        host.progressed(progress);
      },
      onFailure: (error) => {
        host.failed(error);
      },
    });
    writer.pending.watchers.add(this.#noteWrite);
    this.#recheck = setInterval(() => {
      // While the store is away there is nothing to compare with; the state says so.
      this.#loader.recheck(host.keys()).catch(() => {});
    }, maxAgeMs).unref();
  }

  /** Begins to load. */
  load(): void {
    this.#loader.request();
  }

  get state(): DictState {
    const state = this.#dict.state();
    return state === 'coherent' && !this.isRepaired ? 'suspect' : state;
  }

  /** Whether everything is loaded, and nothing is missing that was missed. */
  get isRepaired(): boolean {
    return this.#replicas.every((replica) => replica.isRepaired);
  }

  /** Whether what the store holds under the key was brought, and is kept current. */
  isLoaded(key: string): boolean {
    return this.#replicas[this.#dict.partitionOf(key)]?.isLoaded === true;
  }

  /** Monotonic milliseconds at which the store held all that was brought. */
  get freshAsOf(): number {
    return Math.min(...this.#replicas.map((replica) => replica.freshAsOf));
  }

  assign(key: string, value: unknown): void {
    this.#dict.writes.assign(key, value);
  }

  remove(key: string): void {
    this.#dict.writes.remove(key);
  }

  close(): void {
    clearInterval(this.#recheck);
    this.#dict.writer.pending.watchers.delete(this.#noteWrite);
    this.#loader.close();
    this.#replicas.forEach((replica, id) => {
      this.#dict.partitions[id]?.followers.remove(replica);
      replica.abandon();
    });
    for (const release of this.#releases) release();
  }

  #follow(partition: Partition, id: number): Replica {
    const { now, space, timeoutMs } = this.#dict;
    const host = this.#host;
    let hasBrought = false;
    const replica = new Replica(space, id, partition, timeoutMs, {
      now,
      keys: () => this.#keysOf(id),
      decode: (key, bytes) => host.receive(key, bytes),
      draft: () => (this.#dict.partitions.length === 1 ? host.draft() : new LoadedRows()),
      commit: (changes, isWhole) => {
        // Looking for what is gone takes a look at all keys, of whichever partition.
        const canBeGone = isWhole && (hasBrought || host.isPublic());
        hasBrought = true;
        host.committed(changes, canBeGone ? this.#goneOf(id, changes) : []);
      },
      settled: () => {
        host.overlaid(this.own.settle(id, (position) => replica.has(position), replica.freshAsOf));
        host.moved();
      },
      acknowledged: (key, entry, position) => {
        this.own.acknowledged(key, entry, id, position, now());
        host.overlaid([key]);
      },
      lost: () => {
        host.moved();
        this.#loader.request();
      },
    });
    partition.followers.add(replica);
    return replica;
  }

  /** The keys of which nothing is left if the changes are everything. */
  #goneOf(partition: number, changes: CopyChanges): string[] {
    const gone = new Set(this.#keysOf(partition));
    if (gone.size > 0) for (const [key] of changes) gone.delete(key);
    return [...gone];
  }

  #keysOf(partition: number): string[] {
    return [...this.#host.keys()].filter((key) => this.#dict.partitionOf(key) === partition);
  }

  /** The value of an entry that others read too: what they share is frozen, and the bytes stay where it can't be shared. */
  #contentOf(key: string, { bytes, value }: Entry): Content {
    return bytes === undefined ? value : this.#host.decode(key, bytes);
  }

  readonly #noteWrite = (key: string): void => {
    this.own.noteWrite(key);
    this.#host.overlaid([key]);
  };
}
