import type { AskForBlock } from '../../coherence/blocks.ts';
import type { Replica } from '../../coherence/replica.ts';
import { UnavailableError } from '../../errors.ts';
import type { StoreWalk } from '../storeWalk.ts';
import type { MirrorProgress } from './mirror.ts';

/** What a loader needs of its mirror. */
export interface LoaderHost {
  readonly walk: StoreWalk;
  readonly replicas: readonly Replica[];
  readonly partitionOf: (key: string) => number;
  /** After this long without a load that succeeds, and the store answering, it counts as a failure. */
  readonly timeoutMs: number;
  onProgress(progress: MirrorProgress): void;
  /** A load has failed. It is tried again. */
  onFailure(error: unknown): void;
}

/** Reads under way at once. */
const MAX_READS = 4;
const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 2000;

/** Loads the partitions that have to be loaded, until none is left. */
export class Loader {
  readonly #host: LoaderHost;
  readonly #ending = new AbortController();
  #isLoading = false;
  #retryMs = FIRST_RETRY_MS;

  constructor(host: LoaderHost) {
    this.#host = host;
  }

  /** Some partition has to be loaded. */
  request(): void {
    if (this.#isLoading || this.#ending.signal.aborted) return;
    this.#isLoading = true;
    void this.#loadAll();
  }

  /** Reads every key again, and goes on showing what is known meanwhile. */
  async recheck(known: Iterable<string>): Promise<void> {
    const gone = new Set(known);
    for await (const keys of this.#host.walk.roughKeys({ signal: this.#ending.signal })) {
      for (const key of keys) gone.delete(key);
      for (const [replica, members] of this.#byReplica(keys)) replica.recheck(members);
    }
    for (const [replica, members] of this.#byReplica([...gone])) replica.recheck(members);
  }

  close(): void {
    this.#ending.abort();
  }

  async #loadAll(): Promise<void> {
    // What has lost its history may be in the middle of being told so.
    await Promise.resolve();
    let failingSince: number | undefined;
    while (!this.#ending.signal.aborted && this.#lost().length > 0) {
      try {
        failingSince = (await this.#load()) ? undefined : (failingSince ?? performance.now());
        if (failingSince !== undefined && performance.now() - failingSince > this.#host.timeoutMs) throw interrupted();
      } catch (error) {
        failingSince = undefined;
        if (!this.#ending.signal.aborted) this.#host.onFailure(error);
      }
      if (this.#lost().length > 0) await this.#pause();
      else this.#retryMs = FIRST_RETRY_MS;
    }
    this.#isLoading = false;
  }

  /** Returns whether everything was loaded in one go. */
  async #load(): Promise<boolean> {
    const loading = this.#lost();
    const failed = new Set<Replica>();
    for (const replica of loading) replica.begin();
    const ask = this.#host.walk.asker({ signal: this.#ending.signal });
    try {
      if (ask === undefined) await this.#loadKeys(new Set(loading), failed);
      else await this.#loadBlocks(ask, loading, failed);
    } catch (error) {
      for (const replica of loading) failed.add(replica);
      throw error;
    } finally {
      await Promise.all(loading.map((replica) => replica.end(!failed.has(replica))));
    }
    return failed.size === 0 && this.#lost().length === 0;
  }

  async #loadBlocks(ask: AskForBlock, loading: readonly Replica[], failed: Set<Replica>): Promise<void> {
    let loaded = 0;
    const onLoaded = (count: number): void => {
      loaded += count;
      this.#host.onProgress({ loaded });
    };
    for (const replica of loading) if (!(await replica.loadAll(ask, onLoaded))) failed.add(replica);
  }

  async #loadKeys(loading: ReadonlySet<Replica>, failed: Set<Replica>): Promise<void> {
    const reads = new Set<Promise<void>>();
    const failures: unknown[] = [];
    let loaded = 0;
    const read = async (replica: Replica, keys: readonly string[]): Promise<void> => {
      try {
        if (!(await replica.load(keys))) failed.add(replica);
        loaded += keys.length;
        this.#host.onProgress({ loaded });
      } catch (error) {
        failures.push(error);
      }
    };
    for await (const keys of this.#host.walk.roughKeys({ signal: this.#ending.signal })) {
      for (const [replica, members] of this.#byReplica(keys)) {
        if (!loading.has(replica)) continue;
        const reading = read(replica, members).then(() => void reads.delete(reading));
        reads.add(reading);
      }
      while (reads.size >= MAX_READS) await Promise.race(reads);
      if (failures.length > 0) break;
    }
    await Promise.all(reads);
    if (failures.length > 0) throw failures[0];
  }

  #byReplica(keys: readonly string[]): Map<Replica, string[]> {
    const members = new Map<Replica, string[]>();
    for (const key of keys) {
      const replica = this.#host.replicas[this.#host.partitionOf(key)];
      if (replica === undefined) continue;
      const others = members.get(replica);
      if (others === undefined) members.set(replica, [key]);
      else others.push(key);
    }
    return members;
  }

  #lost(): Replica[] {
    return this.#host.replicas.filter((replica) => replica.isLost);
  }

  async #pause(): Promise<void> {
    const ms = this.#retryMs;
    this.#retryMs = Math.min(ms * 2, LAST_RETRY_MS);
    await new Promise((resolve) => {
      setTimeout(resolve, ms).unref();
    });
  }
}

function interrupted(): UnavailableError {
  return new UnavailableError(
    'The feed of changes is interrupted: the dictionary could not be loaded within `timeout`.',
  );
}
