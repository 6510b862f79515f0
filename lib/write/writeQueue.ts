import { Entry } from '../cache/entry.ts';
import type { Partition } from '../coherence/partition.ts';
import { AmbiguousWriteError, NearDictError, UnavailableError } from '../errors.ts';
import type { Batch, Deadline, PartitionId, Receipt, Space } from '../store/store.ts';
import type { Operation } from './operation.ts';

/** Most writes, and most bytes of values, in one call: the server and the event loop stay free for others. */
const MAX_OPERATIONS = 1000;
const MAX_BYTES = 1024 * 1024;

/**
 * The writes of one partition on their way to the store.
 *
 * At most one call is under way: a second one could overtake the first where the client has to send it again (after
 * NOSCRIPT or a redirection), and leave the older value behind.
 */
export class WriteQueue {
  bytesOut = 0;
  waitingBytes = 0;
  readonly #space: Space;
  readonly #id: PartitionId;
  readonly #partition: Partition;
  readonly #pending: Map<string, Operation>;
  readonly #onFailure: (key: string, error: NearDictError) => void;
  readonly #queue = new Map<string, Operation>();
  /** Calls that are not made of queued writes. */
  readonly #turns: (() => Promise<void>)[] = [];
  #isCalling = false;
  readonly #timeoutMs: number;
  /** When the store last took a call. */
  #progressAt = Number.NEGATIVE_INFINITY;
  /** The writes of the call under way. */
  readonly #sent = new Map<string, Operation>();
  #isScheduled = false;

  constructor(
    space: Space,
    id: PartitionId,
    partition: Partition,
    pending: Map<string, Operation>,
    timeoutMs: number,
    onFailure: (key: string, error: NearDictError) => void,
  ) {
    this.#space = space;
    this.#id = id;
    this.#partition = partition;
    this.#pending = pending;
    this.#timeoutMs = timeoutMs;
    this.#onFailure = onFailure;
  }

  /** Writes that were not sent. */
  get size(): number {
    return this.#queue.size;
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
    this.#queue.set(operation.key, operation);
    this.waitingBytes += sizeOf(operation);
    this.#schedule();
  }

  overwrite(operation: Operation, bytes: Uint8Array | undefined, waiter: Parameters<Operation['overwrite']>[1]): void {
    this.waitingBytes -= sizeOf(operation);
    operation.overwrite(bytes, waiter);
    this.waitingBytes += sizeOf(operation);
  }

  remove(operation: Operation): void {
    this.#take(operation);
    this.#uncover(operation);
  }

  /** Deletes `keys` and announces that the partition is empty, as the next call. */
  clear(keys: readonly string[], deadline: Deadline): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#turns.push(() => this.#clear(keys, deadline).then(resolve, reject));
      this.#schedule();
    });
  }

  close(reason: NearDictError): void {
    for (const operation of this.#queue.values()) {
      this.#take(operation);
      this.#fail(operation, reason);
    }
  }

  /** The batch of a tick ends when its code has run; a batch that waits for a call goes on growing. */
  #schedule(): void {
    if (this.#isScheduled || this.#isCalling) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#sendNext();
    });
  }

  #sendNext(): void {
    if (this.#isCalling) return;
    const turn = this.#turns.shift() ?? (this.#queue.size > 0 ? () => this.#send(this.#takeBatch()) : undefined);
    if (turn === undefined) return;
    this.#isCalling = true;
    const done = (): void => {
      this.#isCalling = false;
      this.#sendNext();
    };
    turn().then(done, done);
  }

  #takeBatch(): Operation[] {
    const batch: Operation[] = [];
    let bytes = 0;
    for (const operation of this.#queue.values()) {
      bytes += sizeOf(operation);
      if (batch.length === MAX_OPERATIONS || (bytes > MAX_BYTES && batch.length > 0)) break;
      this.#take(operation);
      if (this.#deadlineOf(operation) > performance.now()) batch.push(operation);
      else
        this.#fail(operation, new UnavailableError('The store took no write within `timeout`. This one was not sent.'));
    }
    return batch;
  }

  /** A long queue is no failure: as long as the store takes calls, the time of those that wait has not begun. */
  #deadlineOf(operation: Operation): Deadline {
    return Math.max(operation.deadline, this.#progressAt + this.#timeoutMs);
  }

  async #send(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    const departure = this.#partition.depart();
    const deadline = Math.min(...operations.map((operation) => this.#deadlineOf(operation)));
    for (const operation of operations) {
      this.#partition.guard.enter(operation.key);
      this.#sent.set(operation.key, operation);
    }
    try {
      const receipt = await this.#space.write(this.#id, toBatch(operations), deadline);
      this.#acknowledge(operations, receipt, departure);
    } catch (error) {
      this.#reject(operations, asWriteError(error), deadline);
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
      if (this.#pending.get(key) === operation) this.#pending.delete(key);
      this.#partition.acknowledge(key, entry, receipt.position, departure);
      this.#partition.uncover(key);
      operation.applied(operation.deletes ? receipt.existed[deletes++] === true : true);
    }
  }

  #reject(operations: readonly Operation[], error: NearDictError, deadline: Deadline): void {
    this.#sent.clear();
    const now = performance.now();
    for (const operation of operations) {
      if (error instanceof AmbiguousWriteError) this.#partition.acknowledgeUnknown(operation.key);
      const ranOutOfTime = now >= deadline;
      if (error instanceof UnavailableError && ranOutOfTime && this.#deadlineOf(operation) > now)
        this.#putBack(operation);
      else this.#fail(operation, error);
    }
  }

  /** A younger write that shared the call of one that ran out of time, and was not sent, has time left. */
  #putBack(operation: Operation): void {
    const { key } = operation;
    const newer = this.#queue.get(key);
    if (newer === undefined) {
      this.#queue.set(key, operation);
      this.waitingBytes += sizeOf(operation);
    } else newer.adopt(operation);
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

  #take(operation: Operation): void {
    if (this.#queue.delete(operation.key)) this.waitingBytes -= sizeOf(operation);
  }
}

function sizeOf(operation: Operation): number {
  return operation.bytes?.length ?? 0;
}

function toBatch(operations: readonly Operation[]): Batch {
  const deletes: string[] = [];
  const sets: [string, Uint8Array][] = [];
  for (const operation of operations) {
    if (operation.deletes) deletes.push(operation.key);
    if (operation.bytes !== undefined) sets.push([operation.key, operation.bytes]);
  }
  return { deletes, sets, clear: false };
}

function asWriteError(error: unknown): NearDictError {
  if (error instanceof NearDictError) return error;
  return new AmbiguousWriteError('The store failed in an unexpected way; the write may or may not have happened.', {
    cause: error,
  });
}
