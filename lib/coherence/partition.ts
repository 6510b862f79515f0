import { Entry, Era } from '../cache/entry.ts';
import { FillGuard } from '../cache/fillGuard.ts';
import type { NearCache } from '../cache/nearCache.ts';
import type { Reply } from '../cache/reply.ts';
import { ORIGIN, type Position, samePosition } from '../store/position.ts';
import type { Change, FeedListener, Message } from '../store/store.ts';
import { versionOf } from '../store/version.ts';
import { Ahead } from './ahead.ts';
import type { ChangeSink, KeyChange } from './changes.ts';
import { Ring } from './ring.ts';

/** What a partition needs from the parts around it. */
export interface PartitionHost {
  /** Monotonic milliseconds. */
  now(): number;
  /** Asks for a position reading as soon as possible, and again until one succeeds. */
  requestReading(): void;
  /** The feed is late beyond doubt: it should be renewed. */
  distrustFeed(): void;
  /** Whether a write of this process hides the key's entry from its readers. */
  isPending(key: string): boolean;
  readonly changes: ChangeSink;
}

/** Durations of a partition's proofs, in milliseconds. */
export interface Bounds {
  readonly maxStalenessMs: number;
  /** How long a position may be known, in a silent feed, before the message that made it counts as lost. */
  readonly lossPatienceMs: number;
}

/** What is remembered of a request when it leaves, to judge its reply by. */
export interface Departure {
  readonly sentAt: number;
  readonly era: Era;
  /** The position applied at that moment. */
  readonly applied: Position;
  /** Which stretch of known history the request belongs to. */
  readonly stretch: number;
}

/** Counters that `stats()` adds up. */
export interface PartitionCounts {
  messages: number;
  gaps: number;
  repairs: number;
  fillsRefused: number;
}

/** A position that was read before the feed reached it. */
interface Claim {
  readonly position: Position;
  readonly sentAt: number;
}

const MAX_CLAIMS = 8;
const MAX_TAIL = 1024;

/**
 * Follows the history of one partition and decides what may stay in the cache.
 *
 * A message is applied only if it continues the applied position; a reply is kept only if its position belongs to the
 * same history and nothing newer was heard of its key. The rules, and what breaks without each of them, come from a
 * randomized model of two clients under faults.
 */
export class Partition implements FeedListener {
  readonly counts: PartitionCounts = { messages: 0, gaps: 0, repairs: 0, fillsRefused: 0 };
  /** Replies and acknowledgements in flight. */
  readonly guard: FillGuard = new FillGuard();
  readonly #cache: NearCache;
  readonly #host: PartitionHost;
  readonly #bounds: Bounds;
  readonly #origin: number;
  readonly #ring = new Ring(ORIGIN);
  readonly #ahead = new Ahead();
  /** Changes whose announcement would take listeners behind what readers have seen. */
  readonly #heldBack = new Map<string, KeyChange>();
  #era = new Era();
  #hitsOfEndedEras = 0;
  #freshAsOf = Number.NEGATIVE_INFINITY;
  #isLive = false;
  #isSynced = false;
  #isEstablished = false;
  #stretch = 0;
  #claims: Claim[] = [];
  #silence: { readonly since: number; readonly messages: number } | undefined;
  #tail: Message[] = [];

  /** @param origin - Marks the messages of this process's own writes. */
  constructor(cache: NearCache, host: PartitionHost, bounds: Bounds, origin: number) {
    this.#cache = cache;
    this.#host = host;
    this.#bounds = bounds;
    this.#origin = origin;
  }

  /** The era that entries must belong to. */
  get era(): Era {
    return this.#era;
  }

  /** Whether the feed is live and the applied position was found in the store since it is. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Monotonic milliseconds at which the cache was last proven equal to the store. */
  get freshAsOf(): number {
    return this.#freshAsOf;
  }

  /** Reads served from entries of this partition. */
  get hits(): number {
    return this.#hitsOfEndedEras + this.#era.hits;
  }

  /** A read of the key under way that was sent recently enough to join. */
  shared(key: string): Promise<Reply> | undefined {
    return this.guard.shared(key, this.#host.now() - this.#bounds.maxStalenessMs);
  }

  depart(): Departure {
    return { sentAt: this.#host.now(), era: this.#era, applied: this.#ring.last, stretch: this.#stretch };
  }

  // The feed

  live(): void {
    this.#isLive = true;
    this.#loseSync();
    this.#host.requestReading();
  }

  interrupted(): void {
    this.#isLive = false;
    this.#loseSync();
  }

  message(message: Message): void {
    this.counts.messages++;
    this.#hear(message);
    if (!this.#isSynced) {
      this.#remember(message);
      return;
    }
    if (this.#continues(message)) this.#apply(message);
    else this.#repair(message);
  }

  foreign(key: string, type: 'set' | 'delete'): void {
    this.#cache.remove(key);
    this.guard.poison(key);
    this.#announce(key, Number.POSITIVE_INFINITY, () => ({ type, key, version: undefined, isLocal: false }));
  }

  garbled(): void {
    this.counts.gaps++;
    this.#abandon();
  }

  // Readings of the position

  /** Judges a position that was read by a command of its own, sent at `departure`. */
  reading(position: Position, departure: Departure): void {
    if (departure.stretch !== this.#stretch) return;
    if (!this.#isSynced) {
      if (this.#isLive) this.#establish(position, departure);
      return;
    }
    this.#dropLostAhead(position, departure.sentAt);
    if (position.seq < departure.applied.seq) {
      this.#takePosition(position, departure.sentAt);
      return;
    }
    switch (this.#ring.relate(position)) {
      case 'known':
        this.#prove(departure.sentAt);
        return;
      case 'forked':
        this.#takePosition(position, departure.sentAt);
        return;
      case 'forgotten':
        this.#host.requestReading();
        return;
      case 'ahead':
        this.#expect(position, departure.sentAt);
    }
  }

  /** Takes what the position that came with a reply proves. Only a reading of its own may declare a loss. */
  observe(position: Position, departure: Departure): void {
    if (!this.#isSynced || departure.stretch !== this.#stretch) return;
    const relation = this.#ring.relate(position);
    if (relation === 'forked' || position.seq < departure.applied.seq) this.#host.requestReading();
    else if (relation === 'known') this.#prove(departure.sentAt);
    else if (relation === 'ahead') this.#claim({ position, sentAt: departure.sentAt });
  }

  // Replies and acknowledgements

  /** Keeps the reply of a read, or does not and removes an older entry. */
  fill(key: string, entry: Entry, position: Position, departure: Departure): void {
    const relation = this.#ring.relate(position);
    const belongs = relation === 'known' || relation === 'ahead';
    const isKept = this.#isSynced && departure.era === this.#era && belongs && this.guard.admits(key, position.seq);
    this.guard.heard(key, position.seq);
    if (isKept) this.#install(key, entry, position);
    else this.#refuse(key, position);
  }

  /** Brings a cached entry up to date by a reply; a key that is not cached stays so. */
  refresh(key: string, entry: Entry, position: Position, departure: Departure): void {
    if (this.#cache.find(key, this.#era) === undefined) this.guard.heard(key, position.seq);
    else this.fill(key, entry, position, departure);
  }

  /** A write of this process was applied at `position`; `entry` is what it left under the key. */
  acknowledge(key: string, entry: Entry, position: Position, departure: Departure): void {
    const isUnheard = this.guard.admits(key, position.seq);
    this.guard.heard(key, position.seq);
    if (!this.#isSynced || departure.era !== this.#era) {
      this.#cache.remove(key);
      return;
    }
    const relation = this.#ring.relate(position);
    if (relation === 'ahead' && isUnheard) this.#install(key, entry, position);
    else if (relation === 'known') this.#acknowledgeKnown(key, entry, position, isUnheard);
    else this.#cache.remove(key);
  }

  /** This process has cleared the partition; the message may be on its way. */
  acknowledgeClear(position: Position): void {
    if (!this.#isSynced || this.#ring.relate(position) !== 'known') this.#dropEntries();
  }

  /** A write of this process has ended and may have changed the key. */
  acknowledgeUnknown(key: string): void {
    this.#cache.remove(key);
    this.guard.poison(key);
  }

  /** No write of this process hides the key any more: tells listeners what was held back for it. */
  uncover(key: string): void {
    const change = this.#heldBack.get(key);
    if (change === undefined || this.#isAheadOfFeed(key) || this.#host.isPending(key)) return;
    this.#emit(change);
  }

  /** Takes every entry out of use. */
  close(): void {
    this.#isLive = false;
    this.#loseSync();
    this.#endEra();
  }

  // Following

  /** Raises the marks of what is in flight for the message's keys. */
  #hear(message: Message): void {
    for (const { key } of message.changes) this.guard.heard(key, message.position.seq);
  }

  #continues(message: Message): boolean {
    const { last } = this.#ring;
    return message.position.seq === last.seq + 1 && samePosition(message.previous, last);
  }

  #apply(message: Message): void {
    this.#ring.push(message.position);
    if (message.clear) this.#applyClear(message.origin === this.#origin);
    const group = this.#ahead.reach(message.position);
    if (group?.confirmed === false) for (const key of group.keys) this.#cache.remove(key);
    for (const change of message.changes) this.#applyChange(change, message);
    if (group !== undefined) for (const key of group.keys) this.uncover(key);
    this.#meetClaims();
  }

  #applyChange(change: Change, message: Message): void {
    const { seq } = message.position;
    const isOwn = message.origin === this.#origin;
    const entry = this.#cache.find(change.key, this.#era);
    if (entry !== undefined && entry.seq < seq) this.#replace(change, seq);
    this.#announce(change.key, seq, () => describe(change, isOwn));
  }

  #replace(change: Change, seq: number): void {
    if (change.type === 'set' && change.bytes === undefined) this.#cache.remove(change.key);
    else {
      const bytes = change.type === 'set' ? change.bytes : undefined;
      this.#cache.put(change.key, new Entry(bytes), this.#era, seq, this.#host.now());
    }
  }

  #applyClear(isLocal: boolean): void {
    this.#dropEntries();
    this.#host.changes.cleared(isLocal);
  }

  #repair(message: Message): void {
    const relation = this.#ring.relate(message.position);
    if (relation === 'known') return;
    if (relation === 'forgotten') {
      for (const { key } of message.changes) this.#cache.remove(key);
      if (message.clear) this.#abandon();
      else this.#host.requestReading();
      return;
    }
    this.counts.gaps++;
    if (message.position.seq > this.#ring.last.seq + 1) this.#skipTo(message.position);
    else this.#abandon();
  }

  /** Messages are missing before this position. What is read from now on is newer than it. */
  #skipTo(position: Position): void {
    this.#restart(position);
    this.#prove(this.#freshAsOf);
  }

  /** The history has forked: nothing is known until the position is read. */
  #abandon(): void {
    this.counts.repairs++;
    this.#loseSync();
    this.#endEra();
    this.#host.changes.resynced();
    this.#host.requestReading();
  }

  /** Keeps a message that came before the position is known; it may continue what will be read. */
  #remember(message: Message): void {
    for (const { key } of message.changes) this.#cache.remove(key);
    if (message.clear) this.#endEra();
    this.#tail.push(message);
    if (this.#tail.length > MAX_TAIL) this.#tail.shift();
  }

  #applyTail(tail: readonly Message[]): void {
    for (const message of tail) if (this.#continues(message)) this.#apply(message);
  }

  // Position

  /** The first reading since the feed is live. */
  #establish(position: Position, { sentAt, applied }: Departure): void {
    const tail = this.#tail;
    this.#tail = [];
    this.#isSynced = true;
    if (this.#isEstablished) this.#applyTail(tail);
    if (this.#isEstablished && position.seq >= applied.seq && this.#ring.relate(position) === 'known') {
      this.#dropLostAhead(position, sentAt);
      this.#prove(sentAt);
    } else {
      this.#takePosition(position, sentAt);
      this.#applyTail(tail);
    }
    this.#host.changes.syncChanged();
  }

  #takePosition(position: Position, sentAt: number): void {
    this.#restart(position);
    this.#prove(sentAt);
  }

  /** Drops everything and goes on from `position`. */
  #restart(position: Position): void {
    this.#stretch++;
    this.#endEra();
    this.#ring.restart(position);
    if (this.#isEstablished) {
      this.counts.repairs++;
      this.#host.changes.resynced();
    }
    this.#isEstablished = true;
  }

  #prove(asOf: number): void {
    this.#silence = undefined;
    if (asOf > this.#freshAsOf) this.#freshAsOf = asOf;
    this.#era.freshUntil = this.#freshAsOf + this.#bounds.maxStalenessMs;
  }

  #claim(claim: Claim): void {
    if (this.#claims.length < MAX_CLAIMS) this.#claims.push(claim);
  }

  #meetClaims(): void {
    const { last } = this.#ring;
    if (this.#claims.length === 0) return;
    const open: Claim[] = [];
    let isForked = false;
    for (const claim of this.#claims) {
      const relation = this.#ring.relate(claim.position);
      if (relation === 'known') this.#prove(claim.sentAt);
      else if (relation === 'ahead') open.push(claim);
      else if (claim.position.seq === last.seq) isForked = true;
    }
    this.#claims = open;
    if (isForked) this.#host.requestReading();
  }

  /** The store is ahead of the feed: late, or a message is lost. Only a feed that stays silent shows the latter. */
  #expect(position: Position, sentAt: number): void {
    this.#claim({ position, sentAt });
    const { messages } = this.counts;
    if (this.#silence?.messages !== messages) {
      this.#silence = { since: sentAt, messages };
      return;
    }
    if (sentAt - this.#silence.since < this.#bounds.lossPatienceMs) return;
    this.counts.gaps++;
    this.#host.distrustFeed();
    this.#takePosition(position, sentAt);
  }

  #dropLostAhead(position: Position, sentAt: number): void {
    for (const key of this.#ahead.lostAbove(position, sentAt)) {
      this.#cache.remove(key);
      this.uncover(key);
    }
  }

  #loseSync(): void {
    const wasSynced = this.#isSynced;
    this.#isSynced = false;
    this.#stretch++;
    this.#tail = [];
    if (wasSynced) this.#host.changes.syncChanged();
  }

  /** Takes all entries out of use; the position is as well proven as before. */
  #dropEntries(): void {
    this.#endEra();
    this.#era.freshUntil = this.#freshAsOf + this.#bounds.maxStalenessMs;
  }

  #endEra(): void {
    this.#hitsOfEndedEras += this.#era.hits;
    this.#era.end();
    this.#era = new Era();
    this.#ahead.clear();
    this.#heldBack.clear();
    this.#claims = [];
    this.#silence = undefined;
    this.guard.restart();
  }

  // Entries

  #install(key: string, entry: Entry, position: Position): void {
    const present = this.#cache.find(key, this.#era);
    if (present !== undefined && present.seq > position.seq) {
      // Nothing newer was heard since the request left, so the entry is of a history that was lost.
      this.#cache.remove(key);
      this.#host.requestReading();
      return;
    }
    const now = this.#host.now();
    if (position.seq > this.#ring.last.seq && !this.#ahead.add(key, position, now)) {
      this.#refuse(key, position);
      this.#host.requestReading();
      return;
    }
    this.#cache.put(key, entry, this.#era, position.seq, now);
  }

  #refuse(key: string, position: Position): void {
    this.counts.fillsRefused++;
    const present = this.#cache.find(key, this.#era);
    if (present !== undefined && this.#isSynced && present.seq > position.seq) return;
    this.#cache.remove(key);
  }

  /** The message of an own write came before its acknowledgement. */
  #acknowledgeKnown(key: string, entry: Entry, position: Position, isUnheard: boolean): void {
    const present = this.#cache.find(key, this.#era);
    if (present !== undefined && present.seq > this.#ring.last.seq) this.#cache.remove(key);
    else if (isUnheard) this.#install(key, entry, position);
  }

  // Listeners

  #announce(key: string, seq: number, describeChange: () => KeyChange): void {
    if (!this.#host.changes.isListening) return;
    const change = describeChange();
    if (this.#isAheadOfFeed(key, seq) || this.#host.isPending(key)) this.#heldBack.set(key, change);
    else this.#emit(change);
  }

  #isAheadOfFeed(key: string, seq: number = this.#ring.last.seq): boolean {
    return (this.#ahead.seqOf(key) ?? 0) > seq;
  }

  #emit(change: KeyChange): void {
    this.#heldBack.delete(change.key);
    this.#host.changes.changed(change);
  }
}

function describe(change: Change, isLocal: boolean): KeyChange {
  const { type, key } = change;
  if (change.type === 'delete') return { type, key, version: null, isLocal };
  return { type, key, version: change.bytes === undefined ? change.version : versionOf(change.bytes), isLocal };
}
