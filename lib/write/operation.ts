import { Entry } from '../cache/entry.ts';
import type { NearDictError } from '../errors.ts';
import type { Batch } from '../store/store.ts';
import type { Content, PendingWrite, Waiter } from './writer.ts';

/** What a waiting delete learns of the key: whether the store had it, or what an earlier write of the same call left. */
type Existed = 'asStored' | boolean;

/** Where a write waits for its turn. */
export interface Place {
  /** Moves on with each other call that comes in between: a later write may only take the place of one of its stretch. */
  readonly stretch: number;
  /** A write that waits here has so many bytes more than before. */
  grown(bytes: number): void;
}

/** All writes of one key that go out in the same call: the last one wins. */
export class Operation implements PendingWrite, Content {
  readonly key: string;
  /** Monotonic milliseconds by which the first of the writes must have ended. */
  readonly deadline: number;
  bytes: Uint8Array | undefined;
  ttlMs: number | undefined;
  entry: Entry;
  /** Somebody assigned without waiting: a failure has to be reported. */
  isBackground = false;
  /** Belongs to writes that are applied together or not at all. */
  isGrouped = false;
  /** `undefined` once its turn has come. */
  place: Place | undefined;
  #older: Operation | undefined;
  #isOver = false;
  #startsWithCountedDelete: boolean;
  /** Nobody waits for what is assigned. */
  #waiters: { readonly waiter: Waiter; readonly existed: Existed }[] | undefined;

  constructor(key: string, { bytes, ttlMs }: Content, waiter: Waiter | undefined, deadline: number) {
    this.key = key;
    this.deadline = deadline;
    this.bytes = bytes;
    this.ttlMs = ttlMs;
    this.entry = new Entry(bytes);
    this.#startsWithCountedDelete = bytes === undefined && waiter !== undefined;
    this.#addWaiter(waiter, 'asStored');
  }

  /** Bytes of the value. */
  get size(): number {
    return this.bytes?.length ?? 0;
  }

  /** Whether the key is to be deleted, if only to learn whether it was there. */
  get deletes(): boolean {
    return this.bytes === undefined || this.#startsWithCountedDelete;
  }

  /** The last write of the key before this one that has not ended. */
  get older(): Operation | undefined {
    while (this.#older !== undefined && this.#older.#isOver) this.#older = this.#older.#older;
    return this.#older;
  }

  /** This write comes behind another one of its key. */
  follow(older: Operation | undefined): void {
    this.#older = older;
  }

  /** A later write of the key takes the place of the ones before. */
  overwrite({ bytes, ttlMs }: Content, waiter: Waiter | undefined): void {
    this.#addWaiter(waiter, this.bytes !== undefined);
    this.place?.grown((bytes?.length ?? 0) - this.size);
    this.bytes = bytes;
    this.ttlMs = ttlMs;
    this.entry = new Entry(bytes);
  }

  /** Lets one more hear how the write ended. */
  join(waiter: Waiter): void {
    this.#join(waiter, true);
  }

  isFor(waiter: Waiter): boolean {
    return this.#waiters?.some((other) => other.waiter === waiter) === true;
  }

  /** Whether `waiter` alone wants this write. */
  isOnlyFor(waiter: Waiter): boolean {
    return !this.isBackground && this.#waiters?.every((other) => other.waiter === waiter) === true;
  }

  applied(wasStored: boolean): void {
    this.end();
    for (const { waiter, existed } of this.#waiters ?? []) {
      waiter.applied(this.key, existed === 'asStored' ? wasStored : existed, this);
    }
  }

  failed(error: NearDictError): void {
    this.end();
    for (const { waiter } of this.#waiters ?? []) waiter.failed(this.key, error);
  }

  /** It has ended, and holds on to no other that has: each would, to all before it. */
  end(): void {
    this.#isOver = true;
    this.#older = this.older;
  }

  #addWaiter(waiter: Waiter | undefined, existed: Existed): void {
    if (waiter === undefined) this.isBackground = true;
    else this.#join(waiter, existed);
  }

  #join(waiter: Waiter, existed: Existed): void {
    if (this.#waiters === undefined) this.#waiters = [{ waiter, existed }];
    else this.#waiters.push({ waiter, existed });
  }
}

export function toBatch(operations: readonly Operation[]): Batch {
  const deletes: string[] = [];
  const sets: Batch['sets'][number][] = [];
  for (const operation of operations) {
    if (operation.deletes) deletes.push(operation.key);
    if (operation.bytes !== undefined) sets.push([operation.key, operation.bytes, operation.ttlMs]);
  }
  return { deletes, sets, clear: false };
}
