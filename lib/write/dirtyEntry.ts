import { Entry } from '../cache/entry.ts';
import type { NearDictError } from '../errors.ts';
import type { Base } from './base.ts';
import { type Content, type PendingWrite, sizeOf } from './writer.ts';

/** The edits of one key that the store does not have. */
export class DirtyEntry implements PendingWrite, Content {
  readonly key: string;
  bytes: Uint8Array | undefined;
  ttlMs: number | undefined;
  entry: Entry;
  /** Number of edits: tells an answer that concerns the last one from one that came to an earlier one. */
  edits = 1;
  /** How many of the edits the store has. */
  flushed = 0;
  /** How many of the edits were made before the last awaited write of the key. */
  covered = 0;
  /** `undefined`: it was not in memory, and is being read. */
  base: Base | undefined;
  /** Why the last flush did not bring it to the store. */
  failure: NearDictError | undefined;

  constructor(key: string, { bytes, ttlMs }: Content, base: Base | undefined) {
    this.key = key;
    this.bytes = bytes;
    this.ttlMs = ttlMs;
    this.entry = new Entry(bytes);
    this.base = base;
  }

  /** Bytes of the value. */
  get size(): number {
    return sizeOf(this);
  }

  get isClean(): boolean {
    return this.flushed === this.edits;
  }

  /** Whether an awaited write of the key is newer than every edit. */
  get isCovered(): boolean {
    return this.covered === this.edits;
  }

  edit({ bytes, ttlMs }: Content): void {
    this.bytes = bytes;
    this.ttlMs = ttlMs;
    this.entry = new Entry(bytes);
    this.edits++;
  }

  /** A flush has brought what the first `edits` edits made of the key: unless something newer has landed already. */
  land(edits: number, base: Base): void {
    if (edits > this.flushed) this.#rest(edits, base);
  }

  /** An awaited write has landed that came behind the first `edits` edits. */
  replace(edits: number, base: Base): void {
    if (edits >= this.flushed) this.#rest(edits, base);
  }

  #rest(flushed: number, base: Base): void {
    this.flushed = flushed;
    this.base = base;
    this.failure = undefined;
  }
}
