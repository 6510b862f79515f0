import type { Message, Snapshot } from '../store/store.ts';
import { type Content, type CopyChange, CopyChanges, type Loaded } from './copyChange.ts';

interface Staged extends CopyChange {
  /** The content is that of this position's number. */
  readonly asOf: number;
}

/**
 * The next state of a copy, while it is put together from messages and reads.
 *
 * It is complete up to the number `floor`, but for `holes`: keys whose value has to be read.
 */
export class Staging {
  readonly holes: Set<string> = new Set<string>();
  /** Every key that was a hole since the last state was taken. */
  readonly touched: Set<string> = new Set<string>();
  floor = 0;
  readonly #decode: (key: string, bytes: Uint8Array) => Content;
  readonly #now: () => number;
  readonly #draft: () => Loaded;
  #staged = new Map<string, Staged>();
  /** What was loaded at most at the floor: whatever is staged of a key is newer. */
  #loaded: Loaded | undefined;
  /** The highest number at which any of it was loaded. */
  #loadedUpTo = -1;
  /** No `asOf` of what is staged is higher. */
  #newest = -1;
  /** Keys that were read beyond the floor, and where. */
  readonly #lead = new Map<string, number>();
  /** Messages up to this number belong to one step. */
  #joined = 0;
  /** The number at which everything was cleared: what was read before may be gone. */
  #cleared = 0;

  /**
   * @param now - Monotonic milliseconds.
   * @param draft - Makes what takes what is loaded.
   */
  constructor(decode: (key: string, bytes: Uint8Array) => Content, now: () => number, draft: () => Loaded) {
    this.#decode = decode;
    this.#now = now;
    this.#draft = draft;
  }

  get isEmpty(): boolean {
    return this.#staged.size === 0 && this.#loaded === undefined;
  }

  /** Whether the step has all its messages. */
  get isReady(): boolean {
    return this.floor >= this.#joined;
  }

  isJoined(seq: number): boolean {
    return seq <= this.#joined;
  }

  restart(floor: number): void {
    this.floor = floor;
    this.#joined = 0;
    this.#cleared = 0;
    this.#clear();
  }

  /** @param known - For a message that clears: the keys that may be there. */
  stage({ position: { seq }, clear, changes }: Message, known: Iterable<string>): void {
    this.floor = seq;
    if (clear) this.#stageClear(seq, known);
    for (const change of changes) {
      const { key } = change;
      if (this.#asOf(key) >= seq) continue;
      if (change.type === 'set' && change.bytes === undefined) this.#dig(key, seq);
      else if (change.type === 'set') this.#put(key, change.bytes, change.ttlMs, seq);
      else this.#put(key, undefined, undefined, seq);
    }
  }

  /** Keys of which nobody knows when they were changed. */
  doubt(keys: Iterable<string>): void {
    for (const key of keys) this.#dig(key, this.floor);
  }

  /** A load has brought what the keys hold. */
  load(keys: readonly string[], { position: { seq }, values, ttls }: Snapshot): void {
    const isBelow = seq <= this.floor && seq >= this.#cleared && seq >= this.#loadedUpTo;
    if (isBelow) this.#loadedUpTo = seq;
    const loaded = isBelow ? (this.#loaded ??= this.#draft()) : undefined;
    keys.forEach((key, index) => {
      const bytes = values[index];
      const ttlMs = ttls?.[index];
      if (loaded === undefined || this.#staged.has(key)) this.fill(key, bytes, ttlMs, seq);
      else loaded.add(key, this.#contentOf(key, bytes), this.#endOf(ttlMs));
    });
  }

  /** A read at `seq` has brought what the key holds. */
  fill(key: string, bytes: Uint8Array | undefined, ttlMs: number | undefined, seq: number): void {
    if (seq < this.#loadedUpTo) this.#stageLoaded();
    // Looking up each of a hundred thousand keys that are loaded takes its time.
    if (this.#newest > seq && this.#asOf(key) > seq) return;
    if (seq < this.#cleared) {
      this.#dig(key, this.#cleared);
      return;
    }
    this.#put(key, bytes, ttlMs, seq);
    if (seq > this.floor) this.#lead.set(key, seq);
  }

  /** Makes everything up to `seq` one step. */
  joinUpTo(seq: number): void {
    this.#joined = Math.max(this.#joined, seq);
  }

  /** Makes everything that was read, wherever it was, one step. */
  join(): void {
    for (const seq of this.#lead.values()) this.joinUpTo(seq);
    this.#lead.clear();
  }

  /**
   * What was read beyond the floor belongs to the state at the floor, if it was not changed in between; if it was, the
   * step goes on to where it was read.
   *
   * @param reached - How far the feed has come.
   * @param waiting - The messages beyond the floor.
   * @returns `false`: the feed has not come so far that anybody could tell.
   */
  meetLead(reached: number, waiting: readonly Message[]): boolean {
    if (this.#lead.size === 0) return true;
    for (const seq of this.#lead.values()) if (seq > reached) return false;
    const isChanged = waiting.some(
      ({ position: { seq }, clear, changes }) => clear || changes.some(({ key }) => (this.#lead.get(key) ?? 0) >= seq),
    );
    if (isChanged) this.join();
    this.#lead.clear();
    return true;
  }

  /** The keys that were read beyond the floor have to be read again. */
  takeBackLead(): void {
    for (const key of this.#lead.keys()) this.#dig(key, this.floor);
  }

  /** Takes the state: the changes since the last one. */
  take(): CopyChanges {
    const changes = new CopyChanges(this.#loaded, this.#staged);
    this.#clear();
    return changes;
  }

  /** From now on each key is looked up. */
  #stageLoaded(): void {
    const [loaded, asOf] = [this.#loaded, this.#loadedUpTo];
    this.#loaded = undefined;
    this.#loadedUpTo = -1;
    const staged = this.#staged;
    this.#staged = new Map();
    for (const [key, change] of loaded ?? []) this.#stageAs(key, { ...change, asOf });
    for (const [key, change] of staged) this.#staged.set(key, change);
  }

  /** It does not say which keys it has left. */
  #stageClear(seq: number, known: Iterable<string>): void {
    this.#cleared = seq;
    this.#stageLoaded();
    for (const key of [...known, ...this.#staged.keys()]) if (this.#asOf(key) < seq) this.#dig(key, seq);
  }

  #asOf(key: string): number {
    return this.#staged.get(key)?.asOf ?? -1;
  }

  #dig(key: string, seq: number): void {
    this.#stageAs(key, { content: undefined, expiresAt: undefined, asOf: seq });
    this.#lead.delete(key);
    this.holes.add(key);
    this.touched.add(key);
  }

  #put(key: string, bytes: Uint8Array | undefined, ttlMs: number | undefined, seq: number): void {
    this.#stageAs(key, { content: this.#contentOf(key, bytes), expiresAt: this.#endOf(ttlMs), asOf: seq });
    this.holes.delete(key);
  }

  #contentOf(key: string, bytes: Uint8Array | undefined): Content {
    return bytes === undefined ? undefined : this.#decode(key, bytes);
  }

  /** Counted from now and not from when it was measured: too late by the way here, and never too early. */
  #endOf(ttlMs: number | undefined): number | undefined {
    return ttlMs === undefined ? undefined : this.#now() + ttlMs;
  }

  #stageAs(key: string, staged: Staged): void {
    this.#staged.set(key, staged);
    this.#newest = Math.max(this.#newest, staged.asOf);
  }

  #clear(): void {
    this.#staged = new Map();
    this.#loaded = undefined;
    this.#loadedUpTo = -1;
    this.#newest = -1;
    this.#lead.clear();
    this.holes.clear();
    this.touched.clear();
  }
}
