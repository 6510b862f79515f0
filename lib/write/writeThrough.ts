import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Partition } from '../coherence/partition.ts';
import { KeyError, type NearDictError, type WriteFailure } from '../errors.ts';
import type { PartitionId, Receipt, Space } from '../store/store.ts';
import { Backlog, type BacklogLimits } from './backlog.ts';
import { Countdown } from './countdown.ts';
import type { Operation } from './operation.ts';
import { PendingWrites } from './pendingWrites.ts';
import { type Call, WriteQueue } from './writeQueue.ts';
import {
  type ConditionalWrite,
  type Content,
  keysOf,
  sizeOf,
  type Waiter,
  type Writer,
  type WriterCounts,
} from './writer.ts';

/** Writes handed over between two pauses, in which the event loop does its other work. */
const TAKEN_AT_ONCE = 1000;
/** Most writes, and most bytes of values, that are applied as one step: about ten milliseconds of the server's time. */
const MAX_TOGETHER = 10_000;
const MAX_BYTES_TOGETHER = 16 * 1024 * 1024;

export interface WriteThroughOptions {
  readonly space: Space;
  readonly partitions: readonly Partition[];
  readonly partitionOf: (key: string) => PartitionId;
  readonly timeoutMs: number;
  /** Default: a million writes, 256 MiB. */
  readonly limits?: BacklogLimits | undefined;
  /** Told of each background write that failed. */
  readonly onFailure: (key: string, error: NearDictError) => void;
}

/** Sends every write to the store in the tick in which it was made, many in one call. */
export class WriteThrough implements Writer {
  readonly pending: PendingWrites<Operation> = new PendingWrites<Operation>();
  readonly #queues: readonly WriteQueue[];
  readonly #partitionOf: (key: string) => PartitionId;
  readonly #timeoutMs: number;
  #closedBy: NearDictError | undefined;

  constructor({ limits, ...options }: WriteThroughOptions) {
    this.#partitionOf = options.partitionOf;
    this.#timeoutMs = options.timeoutMs;
    const shared = { ...options, pending: this.pending, backlog: new Backlog(limits) };
    this.#queues = options.partitions.map((partition, id) => new WriteQueue({ ...shared, id, partition }));
  }

  get bytesOut(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.bytesOut, 0);
  }

  get counts(): WriterCounts {
    return { dirty: 0, edits: 0, flushedWrites: 0, flushes: 0, conflicts: 0 };
  }

  write(key: string, content: Content, waiter?: Waiter): void {
    this.#assertOpen();
    this.#queueOf(key).write(key, content, waiter);
  }

  async writeMany(
    contents: ReadonlyMap<string, Content>,
    waiter: Waiter,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let taken = 0;
    for (const [id, group] of this.#groups(contents)) {
      if (signal?.aborted === true) return;
      try {
        this.#assertOpen();
        this.#queueAt(id).writeTogether(group, waiter);
      } catch (error) {
        for (const key of group.keys()) waiter.failed(key, error as NearDictError);
      }
      taken += group.size;
      if (taken < TAKEN_AT_ONCE) continue;
      taken = 0;
      await nextTurn();
    }
  }

  async apply(write: ConditionalWrite): Promise<Receipt> {
    const call = { batch: () => ({ ...write, clear: false }) };
    const receipt = await this.call(this.partitionOf(write), call);
    // A batch that is given is sent.
    return receipt as Receipt;
  }

  /** Makes a call of its own, behind everything that was written before. */
  async call(partition: PartitionId, call: Call): Promise<Receipt | undefined> {
    this.#assertOpen();
    return this.#queueAt(partition).apply(call, performance.now() + this.#timeoutMs);
  }

  /**
   * The partition of a write.
   *
   * @throws {KeyError} Its keys belong to several.
   */
  partitionOf(write: ConditionalWrite): PartitionId {
    const [id = 0, ...others] = new Set(keysOf(write).map((key) => this.#partitionOf(key)));
    if (others.length === 0) return id;
    throw new KeyError('These keys belong to several partitions, which no store can change in one step.');
  }

  cancel(waiter: Waiter): boolean {
    return this.#queues.map((queue) => queue.cancel(waiter)).every((isDone) => isDone);
  }

  async clear(keys: readonly string[], isLast: boolean): Promise<void> {
    const parts = this.#queues.map((): string[] => []);
    for (const key of keys) parts[this.#partitionOf(key)]?.push(key);
    const deadline = performance.now() + this.#timeoutMs;
    await Promise.all(
      this.#queues.map(async (queue, id) => {
        const deletes = parts[id] ?? [];
        const batch = { deletes, sets: [], clear: isLast };
        if (isLast || deletes.length > 0) await queue.apply({ batch: () => batch }, deadline);
      }),
    );
  }

  async settled(key?: string): Promise<void> {
    if (key === undefined) {
      await Promise.all(this.#queues.map((queue) => queue.reached()));
      return;
    }
    const waited: Operation[] = [];
    for (let write = this.pending.get(key); write !== undefined; write = write.older) waited.push(write);
    const countdown = new Countdown(waited.length);
    for (const operation of waited) operation.join(countdown);
    await countdown.done.catch(() => {});
  }

  async flush(): Promise<readonly WriteFailure[]> {
    await this.settled();
    return [];
  }

  close(reason: NearDictError): void {
    this.#closedBy = reason;
    for (const queue of this.#queues) queue.close(reason);
  }

  /** The writes that are to be applied as one step. */
  *#groups(contents: ReadonlyMap<string, Content>): Generator<readonly [PartitionId, Map<string, Content>]> {
    const groups = new Map<PartitionId, { readonly contents: Map<string, Content>; bytes: number }>();
    for (const [key, content] of contents) {
      const id = this.#partitionOf(key);
      let group = groups.get(id);
      if (group !== undefined && (group.contents.size === MAX_TOGETHER || group.bytes >= MAX_BYTES_TOGETHER)) {
        yield [id, group.contents];
        group = undefined;
      }
      group ??= { contents: new Map(), bytes: 0 };
      group.contents.set(key, content);
      group.bytes += sizeOf(content);
      groups.set(id, group);
    }
    for (const [id, group] of groups) yield [id, group.contents];
  }

  #queueOf(key: string): WriteQueue {
    return this.#queueAt(this.#partitionOf(key));
  }

  #queueAt(id: PartitionId): WriteQueue {
    const queue = this.#queues[id];
    if (queue === undefined) throw new RangeError('A key was mapped to a partition that does not exist.');
    return queue;
  }

  #assertOpen(): void {
    if (this.#closedBy !== undefined) throw this.#closedBy;
  }
}
