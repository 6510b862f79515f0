import type { NearDictError } from '../errors.ts';
import { Entry } from '../cache/entry.ts';
import { baseOn } from './base.ts';
import type { DirtyEntry } from './dirtyEntry.ts';
import type { Content, Waiter } from './writer.ts';

/** What an awaited write finds dirty under its key. */
interface Below {
  readonly dirty: DirtyEntry;
  /** The edits that the write replaces when it is applied, and that stay if it fails. */
  readonly edits: number;
  /** What a delete learns of the key; `undefined`: what the write itself does. */
  readonly existed: boolean | undefined;
}

/** Stands between an awaited write of dirty keys and those who wait for it. */
export class Cover implements Waiter {
  readonly #waiter: Waiter;
  readonly #below = new Map<string, Below>();
  readonly #onLanded: (dirty: DirtyEntry) => void;

  /** @param onLanded - The store has something newer than the edits that were covered. */
  constructor(entries: readonly DirtyEntry[], waiter: Waiter, onLanded: (dirty: DirtyEntry) => void) {
    this.#waiter = waiter;
    this.#onLanded = onLanded;
    for (const dirty of entries) {
      const existed = dirty.isCovered ? undefined : dirty.bytes !== undefined;
      dirty.covered = dirty.edits;
      this.#below.set(dirty.key, { dirty, edits: dirty.edits, existed });
    }
  }

  applied(key: string, existed: boolean, written: Content): void {
    const below = this.#below.get(key);
    below?.dirty.replace(below.edits, baseOn(new Entry(written.bytes)));
    if (below !== undefined) this.#onLanded(below.dirty);
    this.#waiter.applied(key, below?.existed ?? existed, written);
  }

  failed(key: string, error: NearDictError): void {
    this.#waiter.failed(key, error);
  }
}
