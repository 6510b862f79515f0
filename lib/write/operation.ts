import { Entry } from '../cache/entry.ts';
import type { NearDictError } from '../errors.ts';
import type { Batch } from '../store/store.ts';
import type { PendingWrite, Waiter } from './writer.ts';

/** What a waiting delete learns of the key: whether the store had it, or what an earlier write of the same batch left. */
type Existed = 'asStored' | boolean;

/** All writes of one key that wait for the same call: the last one wins. */
export class Operation implements PendingWrite {
  readonly key: string;
  /** Monotonic milliseconds by which the first of the writes must have ended. */
  readonly deadline: number;
  bytes: Uint8Array | undefined;
  entry: Entry;
  /** Somebody assigned without waiting: a failure has to be reported. */
  isBackground = false;
  #startsWithCountedDelete: boolean;
  #waiters: { readonly waiter: Waiter; readonly existed: Existed }[] = [];

  constructor(key: string, bytes: Uint8Array | undefined, waiter: Waiter | undefined, deadline: number) {
    this.key = key;
    this.deadline = deadline;
    this.bytes = bytes;
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

  /** A later write of the key takes the place of the ones before. */
  overwrite(bytes: Uint8Array | undefined, waiter: Waiter | undefined): void {
    this.#addWaiter(waiter, this.bytes !== undefined);
    this.bytes = bytes;
    this.entry = new Entry(bytes);
  }

  /** Takes over those who wait for an older write of the key, which this one replaces before it was sent. */
  adopt(older: Operation): void {
    const left = older.bytes !== undefined;
    const own = this.#waiters.map(({ waiter, existed }) => ({
      waiter,
      existed: existed === 'asStored' ? left : existed,
    }));
    this.#waiters = [...older.#waiters, ...own];
    this.#startsWithCountedDelete = older.#startsWithCountedDelete;
    this.isBackground ||= older.isBackground;
  }

  /** Lets one more hear how the write ended. */
  join(waiter: Waiter): void {
    this.#waiters.push({ waiter, existed: true });
  }

  /** Whether `waiter` alone wants this write. */
  isOnlyFor(waiter: Waiter): boolean {
    return !this.isBackground && this.#waiters.every((other) => other.waiter === waiter);
  }

  applied(wasStored: boolean): void {
    for (const { waiter, existed } of this.#waiters) waiter.applied(existed === 'asStored' ? wasStored : existed);
  }

  failed(error: NearDictError): void {
    for (const { waiter } of this.#waiters) waiter.failed(error);
  }

  #addWaiter(waiter: Waiter | undefined, existed: Existed): void {
    if (waiter === undefined) this.isBackground = true;
    else this.#waiters.push({ waiter, existed });
  }
}

export function toBatch(operations: readonly Operation[]): Batch {
  const deletes: string[] = [];
  const sets: [string, Uint8Array][] = [];
  for (const operation of operations) {
    if (operation.deletes) deletes.push(operation.key);
    if (operation.bytes !== undefined) sets.push([operation.key, operation.bytes]);
  }
  return { deletes, sets, clear: false };
}
