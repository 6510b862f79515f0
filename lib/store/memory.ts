import { ClosedError, ConfigMismatchError } from '../errors.ts';
import { describeLayout } from './layout.ts';
import { MemoryPartition } from './memoryPartition.ts';
import type { Position } from './position.ts';
import type {
  Batch,
  FeedListener,
  Layout,
  LoggedCall,
  PeerAnswers,
  Receipt,
  Snapshot,
  Space,
  SpaceOptions,
  Store,
} from './store.ts';

/** Keys handed out by a scan at a time. */
const SCAN_BATCH = 500;

/**
 * One namespace's data, shared by everybody in this process who opens it.
 *
 * @internal
 */
export interface MemoryData {
  readonly layout: Layout;
  readonly partitions: readonly MemoryPartition[];
  /** What those say of themselves who have it open. */
  readonly peers: Set<() => string>;
}

/**
 * By name.
 *
 * @internal
 */
export type MemoryNamespaces = Map<string, MemoryData>;

/** The data of the process lives as long as the process. */
const ofProcess: MemoryNamespaces = new Map();

/**
 * The store in the memory of this process: nothing to install, nothing to connect, gone with the process.
 *
 * Everybody in the process who opens a namespace on it shares one dictionary, whichever call made the store.
 */
export function memoryStore(): Store {
  return memoryStoreOver(ofProcess, () => performance.now());
}

/**
 * A store in memory whose data is that of `namespaces`.
 *
 * @param now - Monotonic milliseconds, by which entries live.
 * @internal
 */
export function memoryStoreOver(namespaces: MemoryNamespaces, now: () => number): Store {
  return {
    name: 'memory',
    defaultPartitions: 1,
    async open(options) {
      return new MemorySpace(dataOf(namespaces, options, now), options);
    },
  };
}

function dataOf(namespaces: MemoryNamespaces, { namespace, layout }: SpaceOptions, now: () => number): MemoryData {
  const present = namespaces.get(namespace);
  if (present === undefined) {
    const partitions = Array.from({ length: layout.partitions }, () => new MemoryPartition(now));
    const data = { layout, partitions, peers: new Set<() => string>() };
    namespaces.set(namespace, data);
    return data;
  }
  if (describeLayout(present.layout) !== describeLayout(layout)) {
    throw new ConfigMismatchError(
      `The namespace '${namespace}' has the layout ${describeLayout(present.layout)}, this process wants ${describeLayout(layout)}. Open it with the same options, or choose another namespace.`,
    );
  }
  return present;
}

class MemorySpace implements Space {
  readonly isPunctual = true;
  readonly #data: MemoryData;
  readonly #options: SpaceOptions;
  #describe: (() => string) | undefined;
  #listeners: (readonly [MemoryPartition, FeedListener])[] = [];
  #isClosed = false;

  constructor(data: MemoryData, options: SpaceOptions) {
    this.#data = data;
    this.#options = options;
  }

  async read(partition: number, keys: readonly string[]): Promise<Snapshot> {
    return this.#partition(partition).read(keys);
  }

  async write(partition: number, batch: Batch): Promise<Receipt> {
    return this.#partition(partition).write(batch, this.#options.origin);
  }

  async position(partition: number): Promise<Position> {
    return this.#partition(partition).position;
  }

  async log(partition: number): Promise<readonly LoggedCall[]> {
    return this.#partition(partition).log;
  }

  async *scan(prefix: string): AsyncGenerator<readonly string[]> {
    this.#assertOpen();
    for (const partition of this.#data.partitions) {
      const keys = partition.keys().filter((key) => key.startsWith(prefix));
      for (let at = 0; at < keys.length; at += SCAN_BATCH) yield keys.slice(at, at + SCAN_BATCH);
    }
  }

  async follow(partition: number, listener: FeedListener): Promise<void> {
    const followed = this.#partition(partition);
    // Not from inside this call, and behind the messages of writes that came before it.
    await Promise.resolve();
    this.#assertOpen();
    followed.listeners.add(listener);
    this.#listeners.push([followed, listener]);
    listener.live();
  }

  unfollow(partition: number, listener: FeedListener): void {
    this.#data.partitions[partition]?.listeners.delete(listener);
    this.#listeners = this.#listeners.filter(([, other]) => other !== listener);
  }

  distrust(): void {
    // Memory loses no message.
  }

  answerPeers(describe: () => string): void {
    this.#assertOpen();
    this.#describe = describe;
    this.#data.peers.add(describe);
  }

  async askPeers(): Promise<PeerAnswers> {
    this.#assertOpen();
    const { peers } = this.#data;
    return { answers: [...peers].map((describe) => describe()), heard: peers.size };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#describe !== undefined) this.#data.peers.delete(this.#describe);
    for (const [partition, listener] of this.#listeners) partition.listeners.delete(listener);
  }

  #partition(id: number): MemoryPartition {
    this.#assertOpen();
    const partition = this.#data.partitions[id];
    if (partition === undefined) throw new RangeError('There is no such partition.');
    return partition;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError(this.#options.namespace);
  }
}
