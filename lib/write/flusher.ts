import {
  AmbiguousWriteError,
  ConflictError,
  type NearDictError,
  UnavailableError,
  type WriteFailure,
} from '../errors.ts';
import { randomNonce } from '../store/nonce.ts';
import type { Conflict, Deadline, Receipt } from '../store/store.ts';
import { asBase, type Base } from './base.ts';
import type { DirtyEntry } from './dirtyEntry.ts';
import { asWriteError } from './failures.ts';
import { Flight } from './flight.ts';
import { pause } from './pause.ts';
import type { Resolver } from './resolver.ts';
import type { Call } from './writeQueue.ts';

/** Most keys, and most bytes of values, in one call. */
const MAX_KEYS = 1000;
const MAX_BYTES = 1024 * 1024;
/** Longest pause between two tries of a key that keeps changing, in milliseconds. */
const MAX_PAUSE_MS = 64;

export interface FlusherOptions {
  /** The dirty entries of the partition. */
  readonly dirty: ReadonlyMap<string, DirtyEntry>;
  readonly timeoutMs: number;
  readonly resolver: Resolver;
  /** Makes a call in the partition's turn. */
  readonly call: (call: Call) => Promise<Receipt | undefined>;
  /** Reads what a key holds. */
  readonly readBase: (key: string) => Promise<Base>;
  /** Whether an awaited write that is on its way will take the place of all edits. */
  readonly isReplaced: (dirty: DirtyEntry) => boolean;
  /** The entry, if it is still there, has nothing that the store does not have, or has given way to what that has. */
  readonly onClean: (dirty: DirtyEntry) => void;
}

/** Brings the dirty entries of one partition to the store, by comparing what they were based on. */
export class Flusher {
  /** Calls in which entries reached the store, and how many did. */
  flushes = 0;
  flushedWrites = 0;
  conflicts = 0;
  readonly #options: FlusherOptions;
  /** Of the tickets of flights. */
  readonly #holder = randomNonce();
  #ticket = 0;
  /** The flight that was sent and not answered yet. */
  #current: Flight | undefined;
  /** A flight of which is not known whether it has arrived. Nothing else leaves before that is. */
  #lost: Flight | undefined;
  readonly #readings = new Map<DirtyEntry, Promise<void>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  /** Whether the entry may have arrived, as far as is known. */
  isUnderWay({ key }: DirtyEntry): boolean {
    return (this.#current ?? this.#lost)?.find(key) !== undefined;
  }

  /**
   * Finds out what an edit is based on that was made without knowing.
   *
   * @throws What reading throws.
   */
  findBase(entry: DirtyEntry): Promise<void> {
    const present = this.#readings.get(entry);
    if (present !== undefined) return present;
    const read = async (): Promise<void> => {
      const base = await this.#options.readBase(entry.key);
      entry.base ??= base;
    };
    const reading = read().finally(() => this.#readings.delete(entry));
    this.#readings.set(entry, reading);
    return reading;
  }

  /**
   * Brings to the store what is dirty now.
   *
   * @param keys - Only these.
   * @returns What could not be brought there and stays dirty, with the reasons. It never rejects.
   */
  flush(keys?: readonly string[]): Promise<readonly WriteFailure[]> {
    const targets = this.#targets(keys);
    const flush = this.#last.then(() => this.#flush(targets, performance.now() + this.#options.timeoutMs));
    this.#last = flush;
    return flush;
  }

  #targets(keys: readonly string[] | undefined): Map<DirtyEntry, number> {
    const { dirty } = this.#options;
    const entries = keys === undefined ? [...dirty.values()] : keys.flatMap((key) => dirty.get(key) ?? []);
    return new Map(entries.map((entry) => [entry, entry.edits]));
  }

  /** @param targets - Entries, and the number of edits with which each has to reach the store. */
  async #flush(targets: ReadonlyMap<DirtyEntry, number>, deadline: Deadline): Promise<readonly WriteFailure[]> {
    const failed = new Map<DirtyEntry, NearDictError>();
    const fail = (entries: Iterable<DirtyEntry>, error: NearDictError): void => {
      for (const entry of entries) {
        entry.failure = error;
        failed.set(entry, error);
      }
    };
    const due = (): DirtyEntry[] =>
      [...targets.keys()].filter(
        (entry) => this.#isDirty(entry) && entry.flushed < (targets.get(entry) as number) && !failed.has(entry),
      );
    for (let pauseMs = 1; due().length > 0; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const before = this.conflicts;
      await this.#round(due(), fail);
      if (this.#lost !== undefined) fail(due(), unknown());
      if (performance.now() >= deadline) for (const entry of due()) fail([entry], keepsChanging(entry));
      if (this.conflicts > before && due().length > 0) await pause(pauseMs * Math.random());
    }
    return [...failed].flatMap(([entry, error]) => (this.#isDirty(entry) ? [{ key: entry.key, error }] : []));
  }

  #isDirty(entry: DirtyEntry): boolean {
    return this.#options.dirty.get(entry.key) === entry;
  }

  async #round(entries: readonly DirtyEntry[], fail: Fail): Promise<void> {
    const lost = this.#lost;
    if (lost !== undefined) {
      await this.#fly(() => lost, fail, lost.entries);
      return;
    }
    await this.#findBases(entries, fail);
    for (const part of parts(entries.filter(({ base }) => base !== undefined))) {
      if (this.#lost !== undefined) return;
      await this.#fly(() => this.#board(part), fail, part);
    }
  }

  async #findBases(entries: readonly DirtyEntry[], fail: Fail): Promise<void> {
    const unknowns = entries.filter(({ base }) => base === undefined);
    await Promise.all(
      unknowns.map((entry) =>
        this.findBase(entry).catch((error: unknown) => {
          fail([entry], asWriteError(error));
        }),
      ),
    );
  }

  /** Those that are still dirty when their turn has come. */
  #board(entries: readonly DirtyEntry[]): Flight | undefined {
    const due = entries.filter((entry) => this.#isDirty(entry) && !entry.isClean);
    return due.length === 0 ? undefined : new Flight(due, { holder: this.#holder, number: ++this.#ticket });
  }

  async #fly(board: () => Flight | undefined, fail: Fail, entries: readonly DirtyEntry[]): Promise<void> {
    let conflicts: readonly Conflict[] | undefined;
    try {
      await this.#options.call({
        batch: () => {
          this.#current = board();
          return this.#current?.batch;
        },
        entryOf: (key) => this.#current?.entryOf(key),
        onReceipt: (receipt) => {
          ({ conflicts } = receipt);
          if (conflicts === undefined) this.#land(this.#current as Flight);
        },
      });
      this.#lost = undefined;
      await this.#resolve(this.#current, conflicts ?? [], fail);
    } catch (error) {
      const reason = asWriteError(error);
      if (reason instanceof AmbiguousWriteError) this.#lost = this.#current;
      fail(refused(this.#current?.entries ?? entries, reason), reason);
    } finally {
      this.#current = undefined;
    }
  }

  #land(flight: Flight): void {
    this.flushes++;
    this.flushedWrites += flight.size;
    flight.land();
    for (const entry of flight.entries) if (entry.isClean) this.#options.onClean(entry);
  }

  async #resolve(flight: Flight | undefined, conflicts: readonly Conflict[], fail: Fail): Promise<void> {
    await Promise.all(
      conflicts.map(async ({ key, bytes }) => {
        const entry = flight?.find(key);
        // Meanwhile another write of this process may have gone before, or be about to take its place.
        if (entry === undefined || !this.#isDirty(entry) || this.#options.isReplaced(entry)) return;
        // Since it left, the edit has got another base: the next flight compares with that.
        if (asBase(bytes).version === entry.base?.version) return;
        this.conflicts++;
        try {
          const staysDirty = await this.#options.resolver.resolve(entry, bytes, () => this.#isDirty(entry));
          if (!staysDirty) this.#options.onClean(entry);
        } catch (error) {
          fail([entry], asWriteError(error));
        }
      }),
    );
  }
}

type Fail = (entries: Iterable<DirtyEntry>, error: NearDictError) => void;

/** A full store refuses a call because of its values. The deletes, without which it stays full, have another try. */
function refused(entries: readonly DirtyEntry[], reason: NearDictError): readonly DirtyEntry[] {
  if (!(reason instanceof UnavailableError) || !reason.isFull) return entries;
  const sets = entries.filter(({ bytes }) => bytes !== undefined);
  return sets.length > 0 ? sets : entries;
}

/** Entries by what fits into one call. */
function* parts(entries: readonly DirtyEntry[]): Generator<DirtyEntry[]> {
  let part: DirtyEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (part.length === MAX_KEYS || (part.length > 0 && bytes + entry.size > MAX_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += entry.size;
  }
  if (part.length > 0) yield part;
}

function unknown(): UnavailableError {
  return new UnavailableError('It is not known whether an earlier flush has arrived. This write was not sent.');
}

function keepsChanging({ key, base }: DirtyEntry): ConflictError {
  const message = 'The key kept changing until `timeout` was over. The edit stays here.';
  return new ConflictError(message, key, base?.version ?? null);
}
