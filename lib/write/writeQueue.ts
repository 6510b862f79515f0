import { Entry } from '../cache/entry.ts';
import type { Partition } from '../coherence/partition.ts';
import { AmbiguousWriteError, type NearDictError, UnavailableError } from '../errors.ts';
import type { Deadline, PartitionId, Receipt, Space } from '../store/store.ts';
import type { Backlog } from './backlog.ts';
import { asWriteError, notSent, unanswered } from './failures.ts';
import { type Operation, toBatch } from './operation.ts';
import type { PendingWrites } from './pendingWrites.ts';

/** Most writes, and most bytes of values, in one call: the server and the event loop stay free for others. */
const MAX_OPERATIONS = 1000;
const MAX_BYTES = 1024 * 1024;

export interface WriteQueueOptions {
  readonly space: Space;
  readonly id: PartitionId;
  readonly partition: Partition;
  /** The newest write of each key, over all partitions. */
  readonly pending: PendingWrites<Operation>;
  readonly backlog: Backlog;
  readonly timeoutMs: number;
  /** Told of each background write that failed. */
  readonly onFailure: (key: string, error: NearDictError) => void;
}

/** What has to be alone on its way to the store. */
interface Turn {
  run(): Promise<void>;
  /** Tells those who wait for it that nobody will know how it ended. */
  giveUp(reason: NearDictError): void;
}

/**
 * The writes of one partition on their way to the store.
 *
 * At most one call is under way: a second one could overtake the first where the client has to send it again (after
 * NOSCRIPT or a redirection), and leave the older value behind.
 */
export class WriteQueue {
  bytesOut = 0;
  readonly #space: Space;
  readonly #id: PartitionId;
  readonly #partition: Partition;
  readonly #pending: PendingWrites<Operation>;
  readonly #backlog: Backlog;
  readonly #onFailure: (key: string, error: NearDictError) => void;
  readonly #queue = new Map<string, Operation>();
  /** Calls that are not made of queued writes. */
  readonly #turns: Turn[] = [];
  /** The call under way. */
  #current: Turn | undefined;
  /** Why nothing is sent any more. */
  #closedBy: NearDictError | undefined;
  readonly #timeoutMs: number;
  /** When the store last took a call. */
  #progressAt = Number.NEGATIVE_INFINITY;
  /** The writes of the call under way. */
  readonly #sent = new Map<string, Operation>();
  #isScheduled = false;

  constructor(options: WriteQueueOptions) {
    this.#space = options.space;
    this.#id = options.id;
    this.#partition = options.partition;
    this.#pending = options.pending;
    this.#backlog = options.backlog;
    this.#timeoutMs = options.timeoutMs;
    this.#onFailure = options.onFailure;
  }

  /** The write of `key` that was not sent yet. */
  find(key: string): Operation | undefined {
    return this.#queue.get(key);
  }

  /** The writes of the call under way. */
  get sent(): Iterable<Operation> {
    return this.#sent.values();
  }

  /** The write of `key` that is on its way. */
  findSent(key: string): Operation | undefined {
    return this.#sent.get(key);
  }

  add(operation: Operation): void {
    this.#enqueue(operation);
    this.#schedule();
  }

  overwrite(operation: Operation, bytes: Uint8Array | undefined, waiter: Parameters<Operation['overwrite']>[1]): void {
    this.#backlog.remove(operation.size);
    operation.overwrite(bytes, waiter);
    this.#backlog.add(operation.size);
    this.#pending.changed(operation.key);
  }

  remove(operation: Operation): void {
    this.#take(operation);
    this.#uncover(operation);
  }

  /** Deletes `keys` and announces that the partition is empty, as the next call. */
  clear(keys: readonly string[], deadline: Deadline): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#turns.push({ run: () => this.#clear(keys, deadline).then(resolve, reject), giveUp: reject });
      this.#schedule();
    });
  }

  /** Gives everything up. How the call under way ends does not matter any more. */
  close(reason: NearDictError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    this.#current?.giveUp(unanswered());
    for (const turn of this.#turns.splice(0)) turn.giveUp(reason);
    for (const operation of this.#queue.values()) {
      this.#take(operation);
      this.#fail(operation, reason);
    }
  }

  /** The batch of a tick ends when its code has run; a batch that waits for a call goes on growing. */
  #schedule(): void {
    if (this.#isScheduled || this.#current !== undefined) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#sendNext();
    });
  }

  #sendNext(): void {
    if (this.#current !== undefined) return;
    this.#current = this.#turns.shift() ?? this.#nextBatch();
    if (this.#current === undefined) return;
    const done = (): void => {
      this.#current = undefined;
      this.#sendNext();
    };
    this.#current.run().then(done, done);
  }

  #nextBatch(): Turn | undefined {
    if (this.#queue.size === 0) return undefined;
    const batch = this.#takeBatch();
    return {
      run: () => this.#send(batch),
      giveUp: (reason) => {
        const sent = [...this.#sent.values()];
        this.#sent.clear();
        this.#failAll(sent, reason);
      },
    };
  }

  #takeBatch(): Operation[] {
    const batch: Operation[] = [];
    let bytes = 0;
    for (const operation of this.#queue.values()) {
      bytes += operation.size;
      if (batch.length === MAX_OPERATIONS || (bytes > MAX_BYTES && batch.length > 0)) break;
      this.#take(operation);
      if (this.#deadlineOf(operation) > performance.now()) batch.push(operation);
      else this.#fail(operation, notSent());
    }
    return batch;
  }

  /** A long queue is no failure: as long as the store takes calls, the time of those that wait has not begun. */
  #deadlineOf(operation: Operation): Deadline {
    return Math.max(operation.deadline, this.#progressAt + this.#timeoutMs);
  }

  async #send(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    // Whoever heard of a failure a moment ago may have closed the dictionary.
    if (this.#closedBy !== undefined) {
      this.#failAll(operations, this.#closedBy);
      return;
    }
    const departure = this.#partition.depart();
    const deadline = Math.min(...operations.map((operation) => this.#deadlineOf(operation)));
    for (const operation of operations) {
      this.#partition.guard.enter(operation.key);
      this.#sent.set(operation.key, operation);
    }
    try {
      const receipt = await this.#space.write(this.#id, toBatch(operations), deadline);
      if (this.#closedBy === undefined) this.#acknowledge(operations, receipt, departure);
    } catch (error) {
      if (this.#closedBy === undefined) await this.#reject(operations, asWriteError(error), deadline);
    } finally {
      for (const { key } of operations) this.#partition.guard.leave(key);
    }
  }

  #acknowledge(operations: readonly Operation[], receipt: Receipt, departure: ReturnType<Partition['depart']>): void {
    this.#sent.clear();
    this.#progressAt = performance.now();
    let deletes = 0;
    for (const operation of operations) {
      const { key, bytes, entry } = operation;
      this.bytesOut += bytes?.length ?? 0;
      this.#partition.acknowledge(key, entry, receipt.position, departure);
      if (this.#pending.get(key) === operation) this.#pending.delete(key);
      this.#partition.uncover(key);
      operation.applied(operation.deletes ? receipt.existed[deletes++] === true : true);
    }
  }

  async #reject(operations: readonly Operation[], error: NearDictError, deadline: Deadline): Promise<void> {
    this.#sent.clear();
    const now = performance.now();
    const deletes = new Set(deletesAmong(operations, error));
    for (const operation of operations) {
      if (deletes.has(operation)) continue;
      if (error instanceof AmbiguousWriteError) this.#partition.acknowledgeUnknown(operation.key);
      const ranOutOfTime = now >= deadline;
      if (error instanceof UnavailableError && ranOutOfTime && this.#deadlineOf(operation) > now)
        this.#putBack(operation);
      else this.#fail(operation, error);
    }
    await this.#send([...deletes]);
  }

  /** A younger write that shared the call of one that ran out of time, and was not sent, has time left. */
  #putBack(operation: Operation): void {
    const { key } = operation;
    const newer = this.#queue.get(key);
    if (newer === undefined) this.#enqueue(operation);
    else newer.adopt(operation);
  }

  #failAll(operations: readonly Operation[], error: NearDictError): void {
    for (const operation of operations) this.#fail(operation, error);
  }

  #fail(operation: Operation, error: NearDictError): void {
    this.#uncover(operation);
    operation.failed(error);
    if (operation.isBackground) this.#onFailure(operation.key, error);
  }

  #uncover(operation: Operation): void {
    const { key } = operation;
    const older = this.#sent.get(key);
    if (this.#pending.get(key) === operation) {
      if (older === undefined) this.#pending.delete(key);
      else this.#pending.set(key, older);
    }
    this.#partition.uncover(key);
  }

  async #clear(keys: readonly string[], deadline: Deadline): Promise<void> {
    if (performance.now() >= deadline) throw notSent();
    const departure = this.#partition.depart();
    for (const key of keys) this.#partition.guard.enter(key);
    try {
      const { position } = await this.#space.write(this.#id, { deletes: keys, sets: [], clear: true }, deadline);
      for (const key of keys) this.#partition.acknowledge(key, new Entry(undefined), position, departure);
      this.#partition.acknowledgeClear(position);
    } catch (error) {
      for (const key of keys) this.#partition.acknowledgeUnknown(key);
      throw asWriteError(error);
    } finally {
      for (const key of keys) this.#partition.guard.leave(key);
    }
  }

  #enqueue(operation: Operation): void {
    this.#queue.set(operation.key, operation);
    this.#backlog.add(operation.size);
  }

  #take(operation: Operation): void {
    if (this.#queue.delete(operation.key)) this.#backlog.remove(operation.size);
  }
}

/** What a full store takes of a call that it refused because of its values: the deletes, without which it stays full. */
function deletesAmong(operations: readonly Operation[], error: NearDictError): readonly Operation[] {
  if (!(error instanceof UnavailableError) || !error.isFull) return [];
  const deletes = operations.filter(({ bytes }) => bytes === undefined);
  return deletes.length < operations.length ? deletes : [];
}
