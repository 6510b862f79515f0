import { Entry, Era } from '../cache/entry.ts';
import { FillGuard, type Flight } from '../cache/fillGuard.ts';
import type { NearCache } from '../cache/nearCache.ts';
import type { Position } from '../store/position.ts';
import type { Change } from '../store/store.ts';
import { Ahead } from './ahead.ts';
import type { Asked } from './asked.ts';
import type { Departure } from './departure.ts';
import type { Ring } from './ring.ts';

/** What entries need from the parts around them. */
export interface EntriesHost {
  /** Monotonic milliseconds. */
  now(): number;
  /** Asks for a position reading as soon as possible. */
  requestReading(): void;
}

/**
 * The cached entries of one partition: decides which replies, acknowledgements and changes stay.
 *
 * A reply is kept only if its position belongs to the history that is followed and nothing newer was heard of its key.
 */
export class Entries {
  /** Replies and acknowledgements in flight. */
  readonly guard: FillGuard<Asked> = new FillGuard();
  /** Replies that were not kept. */
  refused = 0;
  readonly #cache: NearCache;
  readonly #ring: Ring;
  readonly #host: EntriesHost;
  readonly #isSynced: () => boolean;
  readonly #ahead = new Ahead();
  #era = new Era();
  #hitsOfEndedEras = 0;

  /**
   * @param ring - The history that the partition applies.
   * @param isSynced - Whether that is the history of the store.
   */
  constructor(cache: NearCache, ring: Ring, host: EntriesHost, isSynced: () => boolean) {
    this.#cache = cache;
    this.#ring = ring;
    this.#host = host;
    this.#isSynced = isSynced;
  }

  /** The era that entries must belong to. */
  get era(): Era {
    return this.#era;
  }

  /** Reads served. */
  get hits(): number {
    return this.#hitsOfEndedEras + this.#era.hits;
  }

  isCached(key: string): boolean {
    return this.#cache.find(key, this.#era) !== undefined;
  }

  /** Keeps the reply of a read, or does not and removes an older entry. */
  fill(
    key: string,
    entry: Entry,
    position: Position,
    departure: Departure,
    flight: Flight | undefined = this.guard.flightOf(key),
    now: number = this.#host.now(),
  ): void {
    const relation = this.#ring.relate(position);
    const belongs = relation === 'known' || relation === 'ahead';
    const isCurrent = this.#isSynced() && departure.era === this.#era;
    const isKept = isCurrent && belongs && flight?.admits(position.seq) !== false;
    this.guard.heard(key, position.seq, flight);
    if (isKept) this.#install(key, entry, position, now);
    else this.#refuse(key, position, belongs && position.seq >= departure.applied.seq);
  }

  /** Brings a cached entry up to date by a reply; a key that is not cached stays so. */
  refresh(key: string, entry: Entry, position: Position, departure: Departure): void {
    if (this.isCached(key)) this.fill(key, entry, position, departure);
    else this.guard.heard(key, position.seq);
  }

  /** A write of this process was applied at `position`; `entry` is what it left under the key. */
  acknowledge(
    key: string,
    entry: Entry,
    position: Position,
    departure: Departure,
    flight: Flight | undefined = this.guard.flightOf(key),
  ): void {
    const isUnheard = this.guard.admits(key, position.seq, flight);
    this.guard.heard(key, position.seq, flight);
    if (!this.#isSynced() || departure.era !== this.#era) {
      this.#cache.remove(key);
      return;
    }
    const relation = this.#ring.relate(position);
    if (relation === 'ahead' && isUnheard) this.#install(key, entry, position);
    else if (relation === 'known') this.#acknowledgeKnown(key, entry, position, isUnheard);
    else this.#cache.remove(key);
    entry.own();
  }

  /** The feed has applied changes at `seq`. `provenAsOf`: up to when the entries were proven before. */
  apply(changes: readonly Change[], seq: number, provenAsOf: number): void {
    let now: number | undefined;
    for (const change of changes) {
      const { key } = change;
      const present = this.#cache.find(key, this.#era);
      if (present === undefined || present.seq >= seq) continue;
      const entry = entryOf(change, provenAsOf);
      if (entry === undefined) this.#cache.remove(key);
      else {
        this.#cache.put(key, entry, this.#era, seq, (now ??= this.#host.now()));
        entry.own();
      }
    }
  }

  /**
   * The feed has reached a position: confirms what came from there before it, or drops what came from another history.
   *
   * @returns The keys that do not wait for the feed any more.
   */
  reach(position: Position): Iterable<string> | undefined {
    const group = this.#ahead.reach(position);
    if (group?.confirmed === false) this.remove(group.keys);
    return group?.keys;
  }

  /** Whether the entry of `key` is newer than `seq`, and the feed has not reached it. */
  isAhead(key: string, seq: number): boolean {
    return (this.#ahead.seqOf(key) ?? 0) > seq;
  }

  remove(keys: Iterable<string>): void {
    for (const key of keys) this.#cache.remove(key);
  }

  /** Drops what the feed has not reached. */
  removeAhead(): void {
    this.remove(this.#ahead.clear());
  }

  /** Drops, and returns, the keys above `position` that were there before the time `sentAt`: their history was lost. */
  removeLost(position: Position, sentAt: number): readonly string[] {
    const lost = this.#ahead.lostAbove(position, sentAt);
    this.remove(lost);
    return lost;
  }

  /** Takes all entries out of use. */
  endEra(): void {
    this.#hitsOfEndedEras += this.#era.hits;
    this.#era.end();
    this.#era = new Era();
    this.#ahead.clear();
    this.guard.restart();
  }

  #install(key: string, entry: Entry, position: Position, now: number = this.#host.now()): void {
    const present = this.#cache.find(key, this.#era);
    if (present !== undefined && present.seq > position.seq) {
      // Nothing newer was heard since the request left, so the entry is of a history that was lost.
      this.#cache.remove(key);
      this.#host.requestReading();
      return;
    }
    if (position.seq > this.#ring.last.seq && !this.#ahead.add(key, position, now)) {
      this.#refuse(key, position, true);
      this.#host.requestReading();
      return;
    }
    this.#cache.put(key, entry, this.#era, position.seq, now);
  }

  /** @param isComparable - The position belongs to the history of the entries: only then a higher number is newer. */
  #refuse(key: string, position: Position, isComparable: boolean): void {
    this.refused++;
    const present = this.#cache.find(key, this.#era);
    const isNewer = present !== undefined && present.seq > position.seq;
    // An entry that the feed has not reached may be of a history that was lost.
    const isConfirmed = present !== undefined && present.seq <= this.#ring.last.seq;
    if (this.#isSynced() && isComparable && isNewer && isConfirmed) return;
    this.#cache.remove(key);
  }

  /** The message of an own write came before its acknowledgement. */
  #acknowledgeKnown(key: string, entry: Entry, position: Position, isUnheard: boolean): void {
    const present = this.#cache.find(key, this.#era);
    if (present !== undefined && present.seq > this.#ring.last.seq) this.#cache.remove(key);
    else if (isUnheard) this.#install(key, entry, position);
  }
}

/** What a change leaves under its key; `undefined`: it has to be read. */
function entryOf(change: Change, provenAsOf: number): Entry | undefined {
  if (change.type === 'delete') return new Entry(undefined);
  const { bytes } = change;
  // The write is younger than the last proof: its time began after that.
  return bytes === undefined ? undefined : new Entry(bytes).livingFor(change.ttlMs, provenAsOf);
}
