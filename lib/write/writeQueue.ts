import type { Entry } from '../cache/entry.ts';
import type { Partition } from '../coherence/partition.ts';
import { type NearDictError, UnavailableError } from '../errors.ts';
import { randomNonce } from '../store/nonce.ts';
import type { Batch, Deadline, PartitionId, Receipt, Space } from '../store/store.ts';
import type { Backlog } from './backlog.ts';
import { asWriteError, notSent } from './failures.ts';
import { Lane } from './lane.ts';
import { Operation, toBatch } from './operation.ts';
import { type Carrier, Parcel } from './parcel.ts';
import { Patience } from './patience.ts';
import type { PendingWrites } from './pendingWrites.ts';
import { Sender } from './sender.ts';
import { type Content, sizeOf, type Waiter } from './writer.ts';

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

/** Of writes that go first: what comes later stays behind what came before it. */
const NO_STRETCH = -1;

/** A call that is made of no queued writes. */
export interface Call {
  /** Called when its turn has come; `undefined`: there is nothing to send any more. */
  batch(): Batch | undefined;
  /** What readers of a key that is set share; by default made of the bytes. */
  entryOf?(key: string): Entry | undefined;
  /** Called with what it did, before the next call is made. */
  onReceipt?(receipt: Receipt): void;
}

/** The writes of one partition on their way to the store. */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #sender: Sender;
  readonly #lane = new Lane();
  readonly #carrier: Carrier = {
    send: (parcel) => this.#send(this.#unload(parcel)),
    giveUp: (parcel, reason) => {
      this.#failAll(this.#parcels.includes(parcel) ? this.#unload(parcel) : this.#sent, reason);
    },
  };
  /** Parcels that were not sent. */
  readonly #parcels: Parcel[] = [];
  /** The parcel that takes plain writes: nothing waits behind it. */
  #open: Parcel | undefined;
  /** Counts the calls of their own: a write may only take the place of an earlier one if none came in between. */
  #stretch = 0;
  /** The plain writes of the call under way. */
  #sent: readonly Operation[] = [];
  /** Of the tickets of conditional writes. */
  readonly #holder = randomNonce();
  #ticket = 0;
  readonly #patience: Patience;
  /** Why nothing is sent any more. */
  #closedBy: NearDictError | undefined;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.#patience = new Patience(options.timeoutMs);
    this.#sender = new Sender(options.space, options.id, options.partition);
  }

  get bytesOut(): number {
    return this.#sender.bytesOut;
  }

  /** @throws {BackpressureError} Too much waits. */
  write(key: string, content: Content, waiter: Waiter | undefined): void {
    const newest = this.#options.pending.get(key);
    const size = sizeOf(content);
    if (newest?.place?.stretch === this.#stretch) {
      this.#options.backlog.admit(0, size - newest.size);
      this.#overwrite(newest, content, waiter);
      return;
    }
    this.#options.backlog.admit(1, size);
    this.#add(this.#parcelFor(1, size), key, content, waiter, newest);
  }

  /**
   * Takes writes that are applied together or not at all.
   *
   * @throws {BackpressureError} Too much waits. None was taken.
   */
  writeTogether(contents: ReadonlyMap<string, Content>, waiter: Waiter): void {
    let bytes = 0;
    for (const content of contents.values()) bytes += sizeOf(content);
    this.#options.backlog.admit(contents.size, bytes);
    const parcel = this.#parcelFor(contents.size, bytes);
    for (const [key, content] of contents) {
      let newest = this.#options.pending.get(key);
      if (newest?.place === parcel) this.#overwrite(newest, content, waiter);
      else newest = this.#add(parcel, key, content, waiter, newest);
      newest.isGrouped = true;
    }
  }

  /** Makes a call of its own in its turn. Resolves what it did; `undefined` if there was nothing to send any more. */
  apply(call: Call, deadline: Deadline): Promise<Receipt | undefined> {
    this.#open = undefined;
    this.#stretch++;
    return new Promise((resolve, reject) => {
      this.#lane.add({ run: () => this.#apply(call, deadline).then(resolve, reject), giveUp: reject });
    });
  }

  /** Gives up what only `waiter` wants and was not sent. Returns whether nothing is left that it waits for. */
  cancel(waiter: Waiter): boolean {
    let isDone = !this.#sent.some((operation) => operation.isFor(waiter));
    for (const parcel of this.#parcels) {
      const own = parcel.operations.filter((operation) => operation.isFor(waiter));
      if (own.every((operation) => operation.isOnlyFor(waiter))) this.#drop(parcel, own);
      else isDone = false;
    }
    return isDone;
  }

  /** Resolves when everything so far has ended. */
  reached(): Promise<void> {
    return this.#lane.reached();
  }

  /** Gives everything up. How the call under way ends does not matter any more. */
  close(reason: NearDictError): void {
    this.#closedBy = reason;
    this.#sender.close();
    this.#lane.close(reason);
  }

  #parcelFor(writes: number, bytes: number): Parcel {
    if (this.#open?.hasRoomFor(writes, bytes) === true) return this.#open;
    const parcel = new Parcel(this.#stretch, this.#carrier);
    this.#open = parcel;
    this.#parcels.push(parcel);
    this.#lane.add(parcel);
    return parcel;
  }

  #add(
    parcel: Parcel,
    key: string,
    content: Content,
    waiter: Waiter | undefined,
    newest: Operation | undefined,
  ): Operation {
    const { pending, timeoutMs, backlog } = this.#options;
    const operation = new Operation(key, content, waiter, performance.now() + timeoutMs);
    operation.follow(newest);
    parcel.add(operation);
    backlog.add(operation.size);
    pending.set(key, operation);
    return operation;
  }

  #overwrite(operation: Operation, content: Content, waiter: Waiter | undefined): void {
    const { pending, backlog } = this.#options;
    backlog.remove(operation.size);
    operation.overwrite(content, waiter);
    backlog.add(operation.size);
    pending.changed(operation.key);
  }

  #drop(parcel: Parcel, operations: readonly Operation[]): void {
    for (const operation of operations) {
      parcel.remove(operation);
      this.#options.backlog.remove(operation.size);
      operation.end();
      this.#uncover(operation);
    }
  }

  /** Takes everything out of a parcel whose turn has come, or never will. */
  #unload(parcel: Parcel): readonly Operation[] {
    if (this.#open === parcel) this.#open = undefined;
    this.#parcels.splice(this.#parcels.indexOf(parcel), 1);
    const { operations } = parcel;
    for (const operation of operations) {
      operation.place = undefined;
      this.#options.backlog.remove(operation.size);
    }
    return operations;
  }

  async #send(operations: readonly Operation[]): Promise<void> {
    const firstDeadline = this.#patience.firstDeadline(operations);
    const isLate = firstDeadline <= performance.now();
    const timely = isLate ? this.#failLate(operations) : operations;
    // Whoever heard of a failure a moment ago may have closed the dictionary.
    if (this.#closedBy !== undefined) this.#failAll(timely, this.#closedBy);
    if (this.#closedBy !== undefined || timely.length === 0) return;
    this.#sent = timely;
    const deadline = isLate ? this.#patience.firstDeadline(timely) : firstDeadline;
    const batch = toBatch(timely);
    const setting = batch.deletes.length === 0 ? timely : timely.filter(({ bytes }) => bytes !== undefined);
    try {
      const { existed } = await this.#sender.send(batch, deadline, (_, index) => setting[index]?.entry);
      if (this.#closedBy === undefined) this.#acknowledge(timely, existed);
    } catch (error) {
      if (this.#closedBy === undefined) await this.#reject(timely, asWriteError(error), deadline);
    }
  }

  /** Returns what is to be sent still. */
  #failLate(operations: readonly Operation[]): readonly Operation[] {
    const { timely, late } = this.#patience.sort(operations);
    this.#failAll(late, notSent());
    return timely;
  }

  #acknowledge(operations: readonly Operation[], existed: readonly boolean[]): void {
    this.#sent = [];
    this.#patience.begin();
    let deletes = 0;
    for (const operation of operations) {
      operation.applied(operation.deletes ? existed[deletes++] === true : true);
      this.#uncover(operation);
    }
  }

  async #reject(operations: readonly Operation[], error: NearDictError, deadline: Deadline): Promise<void> {
    this.#sent = [];
    const deletes = deletesAmong(operations, error);
    const others = deletes.length === 0 ? operations : operations.filter(({ bytes }) => bytes !== undefined);
    // A younger write that shared the call of one that ran out of time, and was not sent, has time left.
    const isUnsent = error instanceof UnavailableError && performance.now() >= deadline;
    const { timely, late } = isUnsent ? this.#patience.sort(others) : { timely: [], late: others };
    if (timely.length > 0) this.#putBack(timely);
    this.#failAll(late, error);
    await this.#send(deletes);
  }

  #putBack(operations: readonly Operation[]): void {
    const parcel = new Parcel(NO_STRETCH, this.#carrier);
    for (const operation of operations) {
      parcel.add(operation);
      this.#options.backlog.add(operation.size);
    }
    this.#parcels.unshift(parcel);
    this.#lane.addFirst(parcel);
  }

  async #apply(call: Call, deadline: Deadline): Promise<Receipt | undefined> {
    if (performance.now() >= deadline) throw notSent();
    const batch = call.batch();
    if (batch === undefined) return undefined;
    const receipt = await this.#sender.send(this.#withTicket(batch), deadline, (key) => call.entryOf?.(key));
    this.#patience.begin();
    if (this.#closedBy === undefined) call.onReceipt?.(receipt);
    return receipt;
  }

  /** A batch with conditions recognises itself when it has to be sent again. */
  #withTicket(batch: Batch): Batch {
    if (batch.conditions === undefined || batch.ticket !== undefined) return batch;
    return { ...batch, ticket: { holder: this.#holder, number: ++this.#ticket } };
  }

  #failAll(operations: readonly Operation[], error: NearDictError): void {
    for (const operation of operations) this.#fail(operation, error);
  }

  #fail(operation: Operation, error: NearDictError): void {
    operation.end();
    this.#uncover(operation);
    operation.failed(error);
    if (operation.isBackground) this.#options.onFailure(operation.key, error);
  }

  /** Shows readers what the ended write has hidden: an older one that has not ended, or what is cached. */
  #uncover(operation: Operation): void {
    const { pending, partition } = this.#options;
    const { key } = operation;
    if (pending.get(key) === operation) {
      const { older } = operation;
      if (older === undefined) pending.delete(key);
      else pending.set(key, older);
    }
    partition.uncover(key);
  }
}

/** What a full store takes of a call that it refused because of its values: the deletes, without which it stays full. */
function deletesAmong(operations: readonly Operation[], error: NearDictError): readonly Operation[] {
  if (!(error instanceof UnavailableError) || !error.isFull) return [];
  const deletes = operations.filter(({ bytes }) => bytes === undefined);
  return deletes.length < operations.length ? deletes : [];
}
