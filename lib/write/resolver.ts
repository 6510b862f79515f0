import type { Entry } from '../cache/entry.ts';
import type { Values } from '../codec/values.ts';
import { ConflictError, NearDictError, UnavailableError } from '../errors.ts';
import { Deadlines } from '../store/deadline.ts';
import { asBase, type Base } from './base.ts';
import type { ConflictPolicy, Merge, WriteConflict } from './conflict.ts';
import type { DirtyEntry } from './dirtyEntry.ts';
import type { Content } from './writer.ts';

/** How often a merge begins again because the key was edited meanwhile. */
const MAX_MERGES = 10;

export interface ResolverOptions {
  readonly policy: ConflictPolicy;
  readonly values: Values;
  readonly timeoutMs: number;
  /** Checks and encodes what a merge has made. */
  readonly encode: (key: string, value: unknown, ttlMs: number | undefined) => Content | Promise<Content>;
  /** Puts the result of a merge in the place of the edits. */
  readonly amend: (dirty: DirtyEntry, content: Content) => void;
  /** Told of each resolution. */
  readonly onResolved: (conflict: WriteConflict) => void;
}

/** Decides what becomes of a dirty entry whose key holds something else in the store than its edit was based on. */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #deadlines = new Deadlines();

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /**
   * Resolves whether the entry stays dirty, then based on what is stored.
   *
   * @param stored - What the store holds; `undefined` is missing.
   * @param isDirty - Whether the entry still has edits of its own, which a merge may find otherwise.
   * @throws {NearDictError} The merge failed. The entry is as it was.
   */
  async resolve(dirty: DirtyEntry, stored: Uint8Array | undefined, isDirty: () => boolean): Promise<boolean> {
    const { policy, amend } = this.#options;
    const { key } = dirty;
    const found = asBase(stored);
    const theirs = this.#valueOf(key, found.entry);
    const base = this.#valueOf(key, dirty.base?.entry);
    for (let merges = 0; merges < MAX_MERGES; merges++) {
      const { edits } = dirty;
      const mine = this.#valueOf(key, dirty.entry);
      const conflict = { key, base, mine, theirs };
      if (policy === 'remote') {
        this.#options.onResolved({ ...conflict, resolution: 'remote', result: theirs });
        return false;
      }
      if (policy === 'local') {
        dirty.base = found;
        this.#options.onResolved({ ...conflict, resolution: 'local', result: mine });
        return true;
      }
      const merged = await this.#merge(policy, conflict, dirty, found);
      if (!isDirty()) return false;
      if (dirty.edits !== edits) continue;
      amend(dirty, merged);
      dirty.base = found;
      this.#options.onResolved({ ...conflict, resolution: 'merged', result: this.#valueOf(key, dirty.entry) });
      return true;
    }
    const message = 'The key was edited whenever its conflict was being merged. The edit stays here.';
    throw new ConflictError(message, key, found.version);
  }

  async #merge(
    merge: Merge,
    { key, base, mine, theirs }: Pick<WriteConflict, 'key' | 'base' | 'mine' | 'theirs'>,
    { ttlMs }: DirtyEntry,
    { version }: Base,
  ): Promise<Content> {
    const merging = (async () => this.#options.encode(key, await merge(base, mine, theirs, key), ttlMs))();
    try {
      return await this.#deadlines.within(merging, performance.now() + this.#options.timeoutMs, tooSlow);
    } catch (error) {
      if (error instanceof NearDictError) throw error;
      const message = 'The function that merges conflicts has failed. The edit stays here.';
      throw new ConflictError(message, key, version, { cause: error });
    }
  }

  /** `undefined` also where what is stored can't be read: it is in conflict all the same. */
  #valueOf(key: string, entry: Entry | undefined): unknown {
    try {
      return entry?.peek(key, this.#options.values);
    } catch {
      return undefined;
    }
  }
}

function tooSlow(): UnavailableError {
  return new UnavailableError(
    'The function that merges conflicts has not ended within `timeout`. The edit stays here.',
  );
}
