import { ownBytes } from '../codec/ownBytes.ts';
import { MemoryEntries } from './memoryEntries.ts';
import { positionNonce } from './nonce.ts';
import { hasTtls, ORIGIN, type Position } from './position.ts';
import type { Batch, Change, Conflict, FeedListener, LoggedCall, Receipt, Snapshot, Ticket } from './store.ts';
import { versionOf } from './version.ts';

/** Batches that the change log holds. */
const LOG_CALLS = 256;

/** One partition's entries and history in memory. */
export class MemoryPartition {
  position: Position = ORIGIN;
  readonly listeners: Set<FeedListener> = new Set<FeedListener>();
  readonly #entries: MemoryEntries;
  /** By holder: the number of the last ticket that was applied, and the position that it made. */
  readonly #tickets = new Map<number, { readonly number: number; readonly position: Position }>();
  /** The last batches, oldest first; cut to the last `LOG_CALLS` now and then. */
  #log: LoggedCall[] = [];

  /** @param now - Monotonic milliseconds, by which entries live. */
  constructor(now: () => number) {
    this.#entries = new MemoryEntries(now);
  }

  /** Newest first. */
  get log(): readonly LoggedCall[] {
    return this.#log.slice(-LOG_CALLS).toReversed();
  }

  keys(): string[] {
    return this.#entries.keys();
  }

  read(keys: readonly string[]): Snapshot {
    const values = keys.map((key) => this.#entries.get(key));
    const ttls = hasTtls(this.position) ? keys.map((key) => this.#entries.ttlOf(key)) : undefined;
    return { position: this.position, values, ttls };
  }

  write(batch: Batch, origin: number): Receipt {
    return this.#refuse(batch) ?? this.#apply(batch, origin);
  }

  /** What is answered to a batch that is not to be applied. */
  #refuse({ conditions = [], ticket }: Batch): Receipt | undefined {
    const last = ticket && this.#tickets.get(ticket.holder);
    if (ticket !== undefined && last !== undefined && ticket.number <= last.number) {
      return { position: last.position, existed: [], isRepeated: true };
    }
    const conflicts = conditions.flatMap(({ key, version }) => this.#compare(key, version) ?? []);
    return conflicts.length === 0 ? undefined : { position: this.position, existed: [], conflicts };
  }

  #compare(key: string, version: string | null): Conflict | undefined {
    const bytes = this.#entries.get(key);
    if ((bytes === undefined ? null : versionOf(bytes)) === version) return undefined;
    return { key, bytes, ttlMs: this.#entries.ttlOf(key) };
  }

  #apply(batch: Batch, origin: number): Receipt {
    const previous = this.position;
    const setsTtl = batch.sets.some(([, , ttlMs]) => ttlMs !== undefined);
    this.position = { seq: previous.seq + 1, nonce: positionNonce(setsTtl || hasTtls(previous)) };
    const existed = batch.deletes.map((key) => this.#entries.delete(key));
    const sets = batch.sets.map(([key, bytes, ttlMs]) => [key, ownBytes(bytes), ttlMs] as const);
    for (const [key, bytes, ttlMs] of sets) this.#entries.set(key, bytes, ttlMs);
    this.#note(batch);
    if (batch.ticket !== undefined) this.#punch(batch.ticket);
    const changes = changesOf({ ...batch, sets });
    const message = { previous, position: this.position, origin, clear: batch.clear, changes };
    queueMicrotask(() => {
      for (const listener of this.listeners) listener.message(message);
    });
    return { position: this.position, existed };
  }

  #punch({ holder, number }: Ticket): void {
    this.#tickets.set(holder, { number, position: this.position });
  }

  #note({ clear, deletes, sets }: Batch): void {
    this.#log.push({ position: this.position, keys: clear ? undefined : [...deletes, ...sets.map(([key]) => key)] });
    if (this.#log.length >= 2 * LOG_CALLS) this.#log = this.#log.slice(-LOG_CALLS);
  }
}

function changesOf(batch: Batch): Change[] {
  if (batch.clear) return [];
  const written = new Set(batch.sets.map(([key]) => key));
  const deletes = batch.deletes.filter((key) => !written.has(key));
  return [
    ...deletes.map((key) => ({ type: 'delete', key }) as const),
    ...batch.sets.map(([key, bytes, ttlMs]) => ({ type: 'set', key, bytes, ttlMs }) as const),
  ];
}
