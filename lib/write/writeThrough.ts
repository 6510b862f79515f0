import type { Partition } from '../coherence/partition.ts';
import type { NearDictError } from '../errors.ts';
import type { PartitionId, Space } from '../store/store.ts';
import { Backlog, type BacklogLimits } from './backlog.ts';
import { Countdown } from './countdown.ts';
import { Operation } from './operation.ts';
import { PendingWrites } from './pendingWrites.ts';
import { WriteQueue } from './writeQueue.ts';
import type { Waiter, Writer } from './writer.ts';

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
  readonly #backlog: Backlog;

  constructor(options: WriteThroughOptions) {
    this.#partitionOf = options.partitionOf;
    this.#timeoutMs = options.timeoutMs;
    this.#backlog = new Backlog(options.limits);
    this.#queues = options.partitions.map(
      (partition, id) => new WriteQueue({ ...options, id, partition, pending: this.pending, backlog: this.#backlog }),
    );
  }

  get bytesOut(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.bytesOut, 0);
  }

  write(key: string, bytes: Uint8Array | undefined, waiter?: Waiter): void {
    const queue = this.#queueOf(key);
    const queued = queue.find(key);
    this.#backlog.admit(queued === undefined ? 1 : 0, (bytes?.length ?? 0) - (queued?.size ?? 0));
    if (queued !== undefined) {
      queue.overwrite(queued, bytes, waiter);
      return;
    }
    const operation = new Operation(key, bytes, waiter, performance.now() + this.#timeoutMs);
    this.pending.set(key, operation);
    queue.add(operation);
  }

  cancel(key: string, waiter: Waiter): boolean {
    const queue = this.#queueOf(key);
    const queued = queue.find(key);
    if (queued === undefined || !queued.isOnlyFor(waiter)) return false;
    queue.remove(queued);
    return true;
  }

  async clear(keys: readonly string[]): Promise<void> {
    const keysOf = this.#queues.map((): string[] => []);
    for (const key of keys) keysOf[this.#partitionOf(key)]?.push(key);
    await Promise.all(
      this.#queues.map((queue, id) => queue.clear(keysOf[id] ?? [], performance.now() + this.#timeoutMs)),
    );
  }

  async settled(key?: string): Promise<void> {
    const waited = this.#unsettled(key);
    const countdown = new Countdown(waited.size);
    for (const operation of waited) operation.join(countdown);
    await countdown.done.catch(() => {});
  }

  close(reason: NearDictError): void {
    for (const queue of this.#queues) queue.close(reason);
  }

  /** The writes that have not ended: of each key the newest, and one that is on its way before it. */
  #unsettled(key: string | undefined): ReadonlySet<Operation> {
    if (key === undefined) return new Set([...this.#queues.flatMap(({ sent }) => [...sent]), ...this.pending.values()]);
    return new Set([this.#queueOf(key).findSent(key), this.pending.get(key)].filter((each) => each !== undefined));
  }

  #queueOf(key: string): WriteQueue {
    const queue = this.#queues[this.#partitionOf(key)];
    if (queue === undefined) throw new RangeError('A key was mapped to a partition that does not exist.');
    return queue;
  }
}
