import { Entry } from '../cache/entry.ts';
import type { Partition } from '../coherence/partition.ts';
import type { NearDictError, WriteFailure } from '../errors.ts';
import type { PartitionId, Receipt } from '../store/store.ts';
import { Backlog } from './backlog.ts';
import { type Base, baseOn } from './base.ts';
import { Cover } from './cover.ts';
import { DirtyEntry } from './dirtyEntry.ts';
import { unanswered } from './failures.ts';
import { Flusher } from './flusher.ts';
import type { FreshReads } from './freshReads.ts';
import { FlushSchedule } from './flushSchedule.ts';
import { PendingWrites } from './pendingWrites.ts';
import { Resolver, type ResolverOptions } from './resolver.ts';
import {
  type ConditionalWrite,
  type Content,
  keysOf,
  sizeOf,
  type Waiter,
  type Writer,
  type WriterCounts,
} from './writer.ts';
import type { WriteBackSettings } from './writeMode.ts';
import type { WriteThrough } from './writeThrough.ts';

/** Most bytes of values that may be dirty. */
const MAX_DIRTY_BYTES = 256 * 1024 * 1024;

export interface WriteBackOptions extends Omit<ResolverOptions, 'policy' | 'amend'>, WriteBackSettings {
  /** Takes what is awaited, and brings the flushes to the store. */
  readonly through: WriteThrough;
  readonly partitions: readonly Partition[];
  readonly partitionOf: (key: string) => PartitionId;
  /** What is cached of a key. */
  readonly cached: (key: string) => Entry | undefined;
  /** Reads what the store holds, behind the awaited writes of this process. */
  readonly freshReads: FreshReads;
  /** Told of each dirty entry that is given up. */
  readonly onFailure: (key: string, error: NearDictError) => void;
  /** Told once when flushes begin to fail that nobody waits for; they are tried again. */
  readonly onTrouble: (error: NearDictError) => void;
}

/** The dirty entries of a partition, and who flushes them. */
interface Side {
  readonly partition: Partition;
  readonly dirty: Map<string, DirtyEntry>;
  readonly flusher: Flusher;
}

/** Keeps assignments here, many of one key as one, and brings them to the store later. What is awaited goes through. */
export class WriteBack implements Writer {
  /** Of each key the newest: a dirty entry, or an awaited write on its way. */
  readonly pending: PendingWrites = new PendingWrites();
  readonly #options: WriteBackOptions;
  readonly #through: WriteThrough;
  readonly #sides: readonly Side[];
  readonly #backlog: Backlog;
  readonly #schedule: FlushSchedule;
  /** What stands between the writer behind and those who wait. */
  readonly #covers = new WeakMap<Waiter, Waiter>();
  #dirty = 0;
  #edits = 0;
  #isInTrouble = false;
  #closedBy: NearDictError | undefined;

  constructor(options: WriteBackOptions) {
    this.#options = options;
    this.#through = options.through;
    this.#backlog = new Backlog({ maxWrites: options.maxDirty, maxBytes: MAX_DIRTY_BYTES });
    const resolver = new Resolver({
      ...options,
      policy: options.onConflict,
      amend: (dirty, content) => {
        this.#amend(dirty, content);
      },
    });
    this.#sides = options.partitions.map((partition, id) => this.#makeSide(partition, id, resolver));
    this.#schedule = new FlushSchedule({
      intervalMs: options.flushIntervalMs,
      flush: () => this.#flushInBackground(),
      isDirty: () => this.#dirty > 0,
    });
    this.#through.pending.watchers.add((key) => {
      this.#show(key);
    });
  }

  get bytesOut(): number {
    return this.#through.bytesOut;
  }

  get counts(): WriterCounts {
    const sum = (count: (flusher: Flusher) => number): number =>
      this.#sides.reduce((total, { flusher }) => total + count(flusher), 0);
    return {
      dirty: this.#dirty,
      edits: this.#edits,
      flushedWrites: sum(({ flushedWrites }) => flushedWrites),
      flushes: sum(({ flushes }) => flushes),
      conflicts: sum(({ conflicts }) => conflicts),
    };
  }

  write(key: string, content: Content, waiter?: Waiter): void {
    this.#assertOpen();
    if (waiter === undefined) this.#edit(key, content);
    else this.#through.write(key, content, this.#cover([key], waiter));
  }

  async writeMany(
    contents: ReadonlyMap<string, Content>,
    waiter: Waiter,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#through.writeMany(contents, this.#cover(contents.keys(), waiter), signal);
  }

  async apply(write: ConditionalWrite): Promise<Receipt> {
    this.#assertOpen();
    const id = this.#through.partitionOf(write);
    await this.#bring(keysOf(write));
    const receipt = await this.#through.call(id, {
      batch: () => ({ ...write, clear: false }),
      onReceipt: ({ conflicts }) => {
        if (conflicts !== undefined) return;
        for (const key of write.deletes) this.#rebase(key, undefined);
        for (const [key, bytes] of write.sets) this.#rebase(key, bytes);
      },
    });
    // A batch that is given is sent.
    return receipt as Receipt;
  }

  cancel(waiter: Waiter): boolean {
    return this.#through.cancel(this.#covers.get(waiter) ?? waiter);
  }

  async clear(keys: readonly string[], isLast: boolean): Promise<void> {
    await this.#through.clear(keys, isLast);
    for (const key of keys) this.#rebase(key, undefined);
  }

  async settled(key?: string): Promise<void> {
    await this.#bring(key === undefined ? undefined : [key]);
    await this.#through.settled(key);
  }

  async flush(): Promise<readonly WriteFailure[]> {
    const failures = await this.#flush();
    await this.#through.settled();
    return failures;
  }

  /** The cache has no room for the key any more, so it is not used: it is time to flush it. */
  evicted(key: string): void {
    if (this.#sideOf(key).dirty.has(key)) this.#schedule.hurry();
  }

  close(reason: NearDictError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    this.#schedule.close();
    const left = this.#sides.flatMap(({ dirty, flusher }) =>
      [...dirty.values()].map((entry) => ({
        entry,
        error: flusher.isUnderWay(entry) ? unanswered() : (entry.failure ?? reason),
      })),
    );
    this.#through.close(reason);
    for (const { entry } of left) this.#remove(entry);
    for (const { entry, error } of left) this.#options.onFailure(entry.key, error);
  }

  #makeSide(partition: Partition, id: PartitionId, resolver: Resolver): Side {
    const dirty = new Map<string, DirtyEntry>();
    const flusher = new Flusher({
      dirty,
      resolver,
      timeoutMs: this.#options.timeoutMs,
      call: (call) => this.#through.call(id, call),
      readBase: async (key) => baseOn((await this.#options.freshReads.read(key)).entry),
      isReplaced: (entry) => this.#isReplaced(entry),
      onClean: (entry) => {
        this.#remove(entry);
      },
    });
    return { partition, dirty, flusher };
  }

  #edit(key: string, content: Content): void {
    const { dirty, flusher } = this.#sideOf(key);
    const present = dirty.get(key);
    this.#backlog.admit(present === undefined ? 1 : 0, sizeOf(content) - (present?.size ?? 0));
    this.#edits++;
    if (present !== undefined) this.#amend(present, content);
    else {
      const entry = new DirtyEntry(key, content, this.#baseOf(key));
      dirty.set(key, entry);
      this.#dirty++;
      this.#backlog.add(entry.size);
      this.#show(key);
      // If it can't be read now, the flush tries again.
      if (entry.base === undefined) flusher.findBase(entry).catch(() => {});
    }
    this.#schedule.arm();
    if (this.#dirty * 2 >= this.#options.maxDirty) this.#schedule.hurry();
  }

  /** What is cached; not while a write of the key is on its way. */
  #baseOf(key: string): Base | undefined {
    const cached = this.#through.pending.has(key) ? undefined : this.#options.cached(key);
    return cached && baseOn(cached);
  }

  #amend(entry: DirtyEntry, content: Content): void {
    this.#backlog.remove(entry.size);
    entry.edit(content);
    this.#backlog.add(entry.size);
    this.#show(entry.key);
  }

  /** What this process has written itself is no conflict for later edits. */
  #rebase(key: string, bytes: Uint8Array | undefined): void {
    const entry = this.#sideOf(key).dirty.get(key);
    if (entry === undefined) return;
    // An edit behind an awaited write that has not ended is based on that one.
    const isBehind = entry.base === undefined && this.#through.pending.has(key);
    if (!isBehind) entry.base = baseOn(new Entry(bytes));
  }

  #remove(entry: DirtyEntry): void {
    const { key } = entry;
    const { dirty, partition } = this.#sideOf(key);
    if (dirty.get(key) !== entry) return;
    dirty.delete(key);
    this.#dirty--;
    this.#backlog.remove(entry.size);
    this.#show(key);
    partition.uncover(key);
  }

  #show(key: string): void {
    const entry = this.#sideOf(key).dirty.get(key);
    const sent = this.#through.pending.get(key);
    const newest = entry === undefined || this.#isReplaced(entry) ? sent : entry;
    if (newest === undefined) this.pending.delete(key);
    else this.pending.set(key, newest);
  }

  #isReplaced({ key, isCovered }: DirtyEntry): boolean {
    return isCovered && this.#through.pending.has(key);
  }

  #cover(keys: Iterable<string>, waiter: Waiter): Waiter {
    const entries = [...keys].flatMap((key) => this.#sideOf(key).dirty.get(key) ?? []);
    if (entries.length === 0) return waiter;
    const cover = new Cover(entries, waiter, (entry) => {
      if (entry.isClean) this.#remove(entry);
    });
    this.#covers.set(waiter, cover);
    return cover;
  }

  /** @throws {NearDictError} What is dirty could not be brought to the store, and stays here. */
  async #bring(keys: readonly string[] | undefined): Promise<void> {
    const [failure] = await this.#flush(keys);
    if (failure !== undefined) throw failure.error;
  }

  async #flush(keys?: readonly string[]): Promise<readonly WriteFailure[]> {
    const failures = await Promise.all(
      this.#sides.map(async ({ dirty, flusher }) => {
        const own = keys?.filter((key) => dirty.has(key));
        return own?.length === 0 || dirty.size === 0 ? [] : flusher.flush(own);
      }),
    );
    return failures.flat();
  }

  async #flushInBackground(): Promise<boolean> {
    const [failure] = await this.#flush();
    const wasInTrouble = this.#isInTrouble;
    this.#isInTrouble = failure !== undefined;
    const isNews = failure !== undefined && !wasInTrouble && this.#closedBy === undefined;
    if (isNews) this.#options.onTrouble(failure.error);
    return failure === undefined;
  }

  #sideOf(key: string): Side {
    const side = this.#sides[this.#options.partitionOf(key)];
    if (side === undefined) throw new RangeError('A key was mapped to a partition that does not exist.');
    return side;
  }

  #assertOpen(): void {
    if (this.#closedBy !== undefined) throw this.#closedBy;
  }
}
