import type { Entry, Era } from '../cache/entry.ts';
import type { FillGuard, Flight } from '../cache/fillGuard.ts';
import type { NearCache } from '../cache/nearCache.ts';
import { ORIGIN, type Position, samePosition } from '../store/position.ts';
import type { Change, FeedListener, LoggedCall, Message } from '../store/store.ts';
import { versionOf } from '../store/version.ts';
import type { Asked } from './asked.ts';
import { keysChanged } from './changeLog.ts';
import type { ChangeSink, KeyChange } from './changes.ts';
import type { Departure } from './departure.ts';
import { Entries } from './entries.ts';
import { Followers } from './follower.ts';
import { type Bounds, Freshness } from './freshness.ts';
import { HeldBack } from './heldBack.ts';
import { Ring } from './ring.ts';

/** What a partition needs from the parts around it. */
export interface PartitionHost {
  /** Monotonic milliseconds. */
  now(): number;
  /** Asks for a position reading as soon as possible, and again until one succeeds. */
  requestReading(): void;
  /** The feed is late beyond doubt: it should be renewed. */
  distrustFeed(): void;
  /** Cached entries were dropped because changes were missed: so many keys, or everything. */
  repaired(dropped: number | 'all'): void;
  /** Whether a write of this process hides the key's entry from its readers. */
  isPending(key: string): boolean;
  /** Whether the key is one of this partition. */
  owns(key: string): boolean;
  readonly changes: ChangeSink;
}

/** Counters that `stats()` adds up. */
export interface PartitionCounts {
  messages: number;
  gaps: number;
  repairs: number;
}

const MAX_TAIL = 1024;

/**
 * Follows the history of one partition, so that its cached entries are those of the store.
 *
 * A message is applied only if it continues the applied position. The rules, and what breaks without each of them, come
 * from a randomized model of two clients under faults.
 */
export class Partition implements FeedListener {
  readonly counts: PartitionCounts = { messages: 0, gaps: 0, repairs: 0 };
  /** Replies and acknowledgements in flight. */
  readonly guard: FillGuard<Asked>;
  /** Those who keep a copy of the whole partition. */
  readonly followers: Followers = new Followers();
  readonly #host: PartitionHost;
  readonly #origin: number;
  readonly #ring = new Ring(ORIGIN);
  readonly #entries: Entries;
  readonly #freshness: Freshness;
  readonly #heldBack: HeldBack;
  #isLive = false;
  #isSynced = false;
  #isEstablished = false;
  /** Entries were dropped because changes may have been missed, and listeners do not know yet. */
  #owesResync = false;
  #stretch = 0;
  /** Messages that came while the position was not known. */
  #tail: Message[] = [];

  /** @param origin - Marks the messages of this process's own writes. */
  constructor(cache: NearCache, host: PartitionHost, bounds: Bounds, origin: number) {
    this.#host = host;
    this.#entries = new Entries(cache, this.#ring, host, () => this.#isSynced);
    this.guard = this.#entries.guard;
    this.#freshness = new Freshness(bounds, (asOf) => {
      this.followers.proven(asOf);
    });
    this.#heldBack = new HeldBack(
      host.changes,
      (key, seq = this.#ring.last.seq) => this.#entries.isAhead(key, seq) || host.isPending(key),
    );
    this.#origin = origin;
  }

  /** The era that entries must belong to. */
  get era(): Era {
    return this.#entries.era;
  }

  /** Replies that were not kept. */
  get fillsRefused(): number {
    return this.#entries.refused;
  }

  /** Whether the feed is live and the applied position was found in the store since it is. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Whether it followed the store and has lost its trace. */
  get isSuspect(): boolean {
    return this.#isEstablished && !this.#isSynced;
  }

  /** The position applied last. */
  get applied(): Position {
    return this.#ring.last;
  }

  /** Monotonic milliseconds at which the cache was last proven equal to the store. */
  get freshAsOf(): number {
    return this.#freshness.asOf;
  }

  /** Reads served from entries of this partition. */
  get hits(): number {
    return this.#entries.hits;
  }

  /** Monotonic milliseconds. */
  get now(): number {
    return this.#host.now();
  }

  /** A read of the key that waits to be sent, or was sent recently enough to join. */
  shared(key: string): Asked | undefined {
    const read = this.guard.flightOf(key)?.read;
    if (read?.sentAt === undefined || read.sentAt >= this.#freshness.since(this.#host.now())) return read;
    return undefined;
  }

  /** A read of the key that waits to be sent. */
  waiting(key: string): Asked | undefined {
    const flight = this.guard.flightOf(key);
    return flight?.isReadWaiting === true ? flight.read : undefined;
  }

  depart(): Departure {
    return { sentAt: this.#host.now(), era: this.era, applied: this.#ring.last, stretch: this.#stretch };
  }

  /** Whether the reply to a request belongs to the history that is followed. */
  accepts(position: Position, departure: Departure): boolean {
    if (!this.#isSynced || departure.stretch !== this.#stretch || position.seq < departure.applied.seq) return false;
    return this.belongs(position);
  }

  /** Whether the position is known to be of the history that is followed, or can be of its future. */
  belongs(position: Position): boolean {
    const relation = this.#ring.relate(position);
    return relation === 'known' || relation === 'ahead';
  }

  /** Whether the history that is followed has another position of that number. */
  contradicts(position: Position): boolean {
    return this.#ring.relate(position) === 'forked';
  }

  /** Whether everything up to the position was applied: of a reply from there, only what is cached can be news. */
  hasApplied(position: Position): boolean {
    return this.#ring.relate(position) === 'known';
  }

  isCached(key: string): boolean {
    return this.#entries.isCached(key);
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
    if (!this.#ownsAll(message)) {
      this.garbled();
      return;
    }
    this.#hear(message);
    if (!this.#isSynced) {
      this.#remember(message);
      return;
    }
    if (this.#continues(message)) this.#apply(message);
    else this.#meetBreak(message);
  }

  foreign(key: string, type: 'set' | 'delete'): void {
    if (!this.#host.owns(key)) {
      this.garbled();
      return;
    }
    this.invalidated(key);
    if (!this.#heldBack.isListening) return;
    this.#heldBack.announce({ type, key, version: undefined, isLocal: false }, Number.POSITIVE_INFINITY);
  }

  invalidated(key: string): void {
    this.#entries.remove([key]);
    this.guard.poison(key);
    this.followers.doubted(key);
  }

  invalidatedAll(): void {
    this.followers.missed(this.#ring.last, undefined);
    if (this.#isEstablished) this.#abandon();
    else this.#endEra();
  }

  garbled(): void {
    this.counts.gaps++;
    this.#abandon();
  }

  // Readings of the position

  /**
   * Judges a position that was read by a command of its own, sent at `departure`.
   *
   * @returns Whether the change log is needed: then `repair` has to follow, with the log as it is read from now on.
   */
  reading(position: Position, departure: Departure): boolean {
    if (departure.stretch !== this.#stretch) return false;
    if (!this.#isSynced) return this.#isLive && this.#establish(position, departure);
    this.#dropLostAhead(position, departure.sentAt);
    if (position.seq < departure.applied.seq) {
      this.#takePosition(position, departure.sentAt);
      return false;
    }
    switch (this.#ring.relate(position)) {
      case 'known':
        this.#prove(departure.sentAt);
        break;
      case 'forked':
        this.#takePosition(position, departure.sentAt);
        break;
      case 'forgotten':
        this.#host.requestReading();
        break;
      case 'ahead':
        this.#expect(position, departure.sentAt);
    }
    return false;
  }

  /** Goes on from a reading that needed the change log: drops the keys that were missed, or everything. */
  repair(log: readonly LoggedCall[], position: Position, departure: Departure): void {
    if (departure.stretch !== this.#stretch) return;
    // What was only late may have come meanwhile.
    this.#applyTail();
    if (this.#ring.relate(position) === 'known') this.#prove(departure.sentAt);
    else this.#dropMissed(keysChanged(log, this.#ring.last, position), position, departure.sentAt);
    this.#sync();
  }

  /** Takes what the position that came with a reply proves. Only a reading of its own may declare a loss. */
  observe(position: Position, departure: Departure): void {
    if (!this.#isSynced || departure.stretch !== this.#stretch) return;
    const relation = this.#ring.relate(position);
    if (relation === 'forked' || position.seq < departure.applied.seq) this.#host.requestReading();
    else if (relation === 'known') this.#prove(departure.sentAt);
    else if (relation === 'ahead') this.#freshness.claim(position, departure.sentAt);
  }

  // Replies and acknowledgements

  /** Keeps the reply of a read, or does not and removes an older entry. `flight`, `now`: where they are at hand. */
  fill(key: string, entry: Entry, position: Position, departure: Departure, flight?: Flight, now?: number): void {
    this.#entries.fill(key, entry, position, departure, flight, now);
  }

  /** Brings a cached entry up to date by a reply; a key that is not cached stays so. */
  refresh(key: string, entry: Entry, position: Position, departure: Departure): void {
    this.#entries.refresh(key, entry, position, departure);
  }

  /** A write of this process was applied at `position`; `entry` is what it left under the key. */
  acknowledge(key: string, entry: Entry, position: Position, departure: Departure, flight?: Flight): void {
    this.#entries.acknowledge(key, entry, position, departure, flight);
    this.followers.acknowledged(key, entry, position);
  }

  /** This process has cleared the partition; the message may be on its way. */
  acknowledgeClear(position: Position): void {
    if (!this.#isSynced || this.#ring.relate(position) !== 'known') this.#dropEntries();
  }

  /** A write of this process has ended and may have changed the key. */
  acknowledgeUnknown(key: string): void {
    this.invalidated(key);
  }

  /** No write of this process hides the key any more: tells listeners what was held back for it. */
  uncover(key: string): void {
    this.#heldBack.release(key);
  }

  /** It is not followed any more: entries live as long as their last proof, and none is added. */
  leave(): void {
    this.#isLive = false;
    this.#isEstablished = false;
    this.#loseSync();
  }

  // Following

  /** A key of another partition would be read here, where it is missing, and be changed by nobody who follows it. */
  #ownsAll({ changes }: Message): boolean {
    for (const { key } of changes) if (!this.#host.owns(key)) return false;
    return true;
  }

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
    const reached = this.#entries.reach(message.position);
    this.#entries.apply(message.changes, message.position.seq, this.freshAsOf);
    if (this.#heldBack.isListening) this.#announce(message);
    this.followers.applied(message);
    if (reached !== undefined) for (const key of reached) this.uncover(key);
    const isForked = this.#freshness.meetClaims((position) => this.#ring.relate(position), this.era);
    if (isForked) this.#host.requestReading();
  }

  #announce({ changes, position: { seq }, origin }: Message): void {
    for (const change of changes) this.#heldBack.announce(describe(change, origin === this.#origin), seq);
  }

  #applyClear(isLocal: boolean): void {
    this.#dropEntries();
    this.#host.changes.cleared(isLocal);
  }

  /** A message that does not continue what was applied. */
  #meetBreak(message: Message): void {
    const relation = this.#ring.relate(message.position);
    if (relation === 'known') return;
    if (relation === 'forgotten') {
      this.#entries.remove(keysOf(message));
      for (const { key } of message.changes) this.followers.doubted(key);
      if (message.clear) this.#abandon();
      else this.#host.requestReading();
      return;
    }
    this.counts.gaps++;
    if (message.position.seq > this.#ring.last.seq + 1) this.#missed(message);
    else this.#abandon();
  }

  /** Messages are missing before this one: the position, and perhaps the log, have to be read. */
  #missed(message: Message): void {
    this.#loseSync();
    this.#remember(message);
    this.#host.requestReading();
  }

  /** The history has forked, or is not all that matters: nothing is known until the position is read. */
  #abandon(): void {
    this.#countRepair(undefined);
    this.#loseSync();
    this.#endEra();
    // Told when changes are followed again: what listeners read before that could be overtaken unheard.
    this.#owesResync = true;
    this.#host.requestReading();
  }

  /** Keeps a message that came before the position is known; it may continue what will be read. */
  #remember(message: Message): void {
    this.#entries.remove(keysOf(message));
    if (message.clear) this.#endEra();
    this.#tail.push(message);
    if (this.#tail.length > MAX_TAIL) this.#tail.shift();
  }

  /** Applies the remembered messages that continue what was applied; the others stay. */
  #applyTail(): void {
    for (const message of this.#tail) if (this.#continues(message)) this.#apply(message);
  }

  // Position

  /** The first reading since sync was lost. Returns whether the change log is needed to go on. */
  #establish(position: Position, { sentAt, applied }: Departure): boolean {
    // The origin is the same in every history: that it is met again proves nothing.
    const isTraceable = this.#isEstablished && this.#ring.last.seq > 0;
    if (isTraceable) this.#applyTail();
    const relation = isTraceable && position.seq >= applied.seq ? this.#ring.relate(position) : undefined;
    if (relation === 'ahead') return true;
    if (relation === 'known') {
      this.#dropLostAhead(position, sentAt);
      this.#prove(sentAt);
    } else this.#takePosition(position, sentAt);
    this.#sync();
    return false;
  }

  /** The applied position is one of the store, and everything before it is accounted for. */
  #sync(): void {
    this.#isSynced = true;
    this.#applyTail();
    this.#tail = [];
    if (this.#owesResync) this.#resync();
    this.followers.synced();
    this.#host.changes.syncChanged();
  }

  #resync(): void {
    this.#owesResync = false;
    this.#host.changes.resynced();
  }

  /** @param keys - The keys that changed on the way to `position`; `undefined`: nobody knows. */
  #dropMissed(keys: ReadonlySet<string> | undefined, position: Position, sentAt: number): void {
    if (keys === undefined) {
      this.#takePosition(position, sentAt);
      return;
    }
    this.#entries.remove(keys);
    this.#entries.removeAhead();
    this.#goOnFrom(position, keys);
    this.#freshness.forget();
    this.#heldBack.clear();
    this.#prove(sentAt);
  }

  /** Drops everything and goes on from `position`. */
  #takePosition(position: Position, sentAt: number): void {
    this.#endEra();
    this.#goOnFrom(position, undefined);
    this.#prove(sentAt);
  }

  /** What came between the applied position and this one was missed. */
  #goOnFrom(position: Position, keys: ReadonlySet<string> | undefined): void {
    this.#stretch++;
    this.#ring.restart(position);
    this.followers.missed(position, keys);
    if (this.#isEstablished) this.#countRepair(keys);
    this.#isEstablished = true;
    // Whoever listens since before the first position was known has missed what came until then.
    this.#resync();
  }

  #countRepair(keys: ReadonlySet<string> | undefined): void {
    this.counts.repairs++;
    this.#host.repaired(keys?.size ?? 'all');
  }

  #prove(asOf: number): void {
    this.#freshness.prove(asOf, this.era);
  }

  /** The store is ahead of the feed. */
  #expect(position: Position, sentAt: number): void {
    this.#freshness.claim(position, sentAt);
    if (!this.#freshness.isLost(sentAt, this.counts.messages)) return;
    this.counts.gaps++;
    this.#loseSync();
    this.#host.requestReading();
    this.#host.distrustFeed();
  }

  #dropLostAhead(position: Position, sentAt: number): void {
    for (const key of this.#entries.removeLost(position, sentAt)) this.uncover(key);
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
    this.#freshness.extend(this.era);
  }

  #endEra(): void {
    this.#entries.endEra();
    this.#heldBack.clear();
    this.#freshness.forget();
  }
}

function describe(change: Change, isLocal: boolean): KeyChange {
  const { type, key } = change;
  if (change.type === 'delete') return { type, key, version: null, isLocal };
  return { type, key, version: change.bytes === undefined ? change.version : versionOf(change.bytes), isLocal };
}

function keysOf({ changes }: Message): readonly string[] {
  return changes.map(({ key }) => key);
}
