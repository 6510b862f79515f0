import { ConflictError, UnavailableError } from '../errors.ts';
import { Deadlines } from '../store/deadline.ts';
import type { Condition, Conflict } from '../store/store.ts';
import { versionOf } from '../store/version.ts';
import type { FreshReads } from './freshReads.ts';
import { pause } from './pause.ts';
import type { Content, Writer } from './writer.ts';

/** Longest pause between two tries of an update, in milliseconds. */
const MAX_PAUSE_MS = 64;

/** The stored bytes of some keys; `undefined` is missing. */
export type Stored = ReadonlyMap<string, Uint8Array | undefined>;

/** What some keys are to hold, by what they hold. Keys that stay as they are can be left out. */
export type Compute = (stored: Stored) => Promise<ReadonlyMap<string, Content>>;

/** Writes that depend on what is stored: they compare and set, and begin again where others were faster. */
export class Atomics {
  readonly #writer: Writer;
  readonly #freshReads: FreshReads;
  readonly #timeoutMs: number;
  readonly #deadlines = new Deadlines();
  /** By key, what the last update under way leaves; `undefined` if it fails. */
  readonly #updates = new Map<string, Promise<Stored | undefined>>();
  readonly #creations = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(writer: Writer, freshReads: FreshReads, timeoutMs: number) {
    this.#writer = writer;
    this.#freshReads = freshReads;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Writes if the key has the version, or if it is missing (`null`).
   *
   * @throws {ConflictError} It has not.
   */
  async setIf(key: string, content: Content, version: string | null): Promise<void> {
    const conflicts = await this.#apply(new Map([[key, content]]), [{ key, version }]);
    if (conflicts === undefined) return;
    throw conflict('The key does not have the version of ifVersion. Read it again, or use update().', conflicts);
  }

  /** Updates one key. The updates of a key take turns, so that those of one process are no conflicts. */
  update(key: string, compute: Compute): Promise<Stored> {
    const before = this.#updates.get(key) ?? Promise.resolve(undefined);
    const update = before.then((stored) => this.#update([key], stored, compute));
    const after = update.catch(() => undefined);
    this.#updates.set(key, after);
    void after.then(() => {
      if (this.#updates.get(key) === after) this.#updates.delete(key);
    });
    return update;
  }

  /** Updates keys of one partition in one step. */
  updateMany(keys: readonly string[], compute: Compute): Promise<Stored> {
    return this.#update(keys, undefined, compute);
  }

  /** Resolves what is stored, or what `make` made and this or another process has stored first. */
  getOrSet(key: string, make: () => Promise<Content>): Promise<Uint8Array | undefined> {
    const present = this.#creations.get(key);
    if (present !== undefined) return present;
    const creation = this.#create(key, make).finally(() => this.#creations.delete(key));
    this.#creations.set(key, creation);
    return creation;
  }

  async #create(key: string, make: () => Promise<Content>): Promise<Uint8Array | undefined> {
    const { bytes } = await this.#freshReads.read(key);
    if (bytes !== undefined) return bytes;
    const content = await make();
    const conflicts = await this.#apply(new Map([[key, content]]), [{ key, version: null }]);
    return conflicts === undefined ? content.bytes : conflicts[0]?.bytes;
  }

  /**
   * Computes and compares until nobody was faster.
   *
   * @param left - What an earlier update of this process has left. Others may have changed it since, so a decision not
   *   to write is not founded on it.
   * @returns What the keys hold then.
   */
  async #update(keys: readonly string[], left: Stored | undefined, compute: Compute): Promise<Stored> {
    const deadline = performance.now() + this.#timeoutMs;
    let isFresh = left === undefined;
    let stored = left ?? (await this.#read(keys));
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const changes = await this.#compute(compute, stored, isFresh, deadline);
      if (changes === undefined) {
        stored = await this.#read(keys);
        isFresh = true;
        continue;
      }
      if (changes.size === 0) return stored;
      const conditions = [...stored].map(([key, bytes]) => ({ key, version: versionIn(bytes) }));
      const conflicts = await this.#apply(changes, conditions);
      const news = conflicts ?? [...changes].map(([key, { bytes }]) => ({ key, bytes }));
      stored = new Map([...stored, ...news.map(({ key, bytes }) => [key, bytes] as const)]);
      if (conflicts === undefined) return stored;
      if (performance.now() + pauseMs >= deadline) {
        throw conflict('The key kept changing until `timeout` was over. The update was not applied.', conflicts);
      }
      isFresh ||= conflicts.length === keys.length;
      await pause(pauseMs * Math.random());
    }
  }

  /** The changes that make a difference; `undefined`: there are none, which only what is fresh can tell. */
  async #compute(
    compute: Compute,
    stored: Stored,
    isFresh: boolean,
    deadline: number,
  ): Promise<ReadonlyMap<string, Content> | undefined> {
    try {
      const changes = await this.#deadlines.within(compute(stored), deadline, tooSlow);
      const needed = [...changes].filter(([key, { bytes }]) => bytes !== undefined || stored.get(key) !== undefined);
      return needed.length > 0 || isFresh ? new Map(needed) : undefined;
    } catch (error) {
      if (isFresh) throw error;
      return undefined;
    }
  }

  async #read(keys: readonly string[]): Promise<Stored> {
    const replies = await Promise.all(keys.map((key) => this.#freshReads.read(key)));
    return new Map(keys.map((key, index) => [key, replies[index]?.bytes]));
  }

  /** Returns the conditions that do not hold; `undefined`: it was applied. */
  async #apply(
    changes: ReadonlyMap<string, Content>,
    conditions: readonly Condition[],
  ): Promise<readonly Conflict[] | undefined> {
    const deletes: string[] = [];
    const sets: (readonly [string, Uint8Array, number | undefined])[] = [];
    for (const [key, { bytes, ttlMs }] of changes) {
      if (bytes === undefined) deletes.push(key);
      else sets.push([key, bytes, ttlMs]);
    }
    return (await this.#writer.apply({ deletes, sets, conditions })).conflicts;
  }
}

function versionIn(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : versionOf(bytes);
}

function conflict(message: string, [first]: readonly Conflict[]): ConflictError {
  return new ConflictError(message, first?.key ?? '', versionIn(first?.bytes));
}

function tooSlow(): UnavailableError {
  return new UnavailableError('The function given to update() has not ended within `timeout`. Nothing was written.');
}
