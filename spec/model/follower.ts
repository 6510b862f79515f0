import { both, type ClientId, type KeyId, type Two, type Version, label } from './ledger.ts';
import type { FeedItem, Message } from './message.ts';
import { isSame, type Position, type Relation, Ring, show } from './position.ts';
import type { Request } from './request.ts';
import type { Rules } from './rules.ts';
import { changedSince, type Logged } from './store.ts';
import type { Trace } from './trace.ts';
import type { Variants } from './variants.ts';

/** Durations in ticks. */
export interface Bounds {
  readonly maxStaleness: number;
  readonly interval: number;
  /** How long a feed may be silent behind an ahead reading before a message counts as lost. */
  readonly patience: number;
}

/** What the protocol asks of the client around it. */
export interface FollowerHost {
  readonly id: ClientId;
  readonly now: number;
  /** A number higher than all before: the order of events within a tick. */
  moment(): number;
  /** Commands under way. */
  readonly inFlight: readonly Request[];
  requestReading(): void;
  renewFeed(): void;
}

interface Entry {
  readonly version: Version;
  readonly position: Position;
  readonly installedAt: number;
  /** The feed has not confirmed it. */
  isAhead: boolean;
}

interface Claim {
  readonly position: Position;
  readonly sentAt: number;
}

const MAX_CLAIMS = 8;

/** The protocol as one client follows it: messages, readings, replies, acknowledgements. */
export class Follower {
  readonly entries: Two<Entry | undefined> = [undefined, undefined];
  /** What was served last from the cache. */
  readonly #served: Two<Version | undefined> = [undefined, undefined];
  isSynced = false;
  freshAsOf: number = Number.NEGATIVE_INFINITY;
  generation = 0;
  stretch = 0;
  readonly #ring: Ring;
  readonly #host: FollowerHost;
  readonly #rules: Rules;
  readonly #variants: Variants;
  readonly #bounds: Bounds;
  readonly #trace: Trace;
  #isLive = false;
  #isEstablished = false;
  #messages = 0;
  #claims: Claim[] = [];
  #silence: { readonly since: number; readonly messages: number } | undefined;
  #tail: Message[] = [];

  constructor(host: FollowerHost, rules: Rules, variants: Variants, bounds: Bounds, trace: Trace) {
    this.#host = host;
    this.#rules = rules;
    this.#variants = variants;
    this.#bounds = bounds;
    this.#trace = trace;
    this.#ring = new Ring(variants.ringSize);
  }

  get applied(): Position {
    return this.#ring.last;
  }

  /** The entry that may be served. */
  peek(key: KeyId): Version | undefined {
    const entry = this.entries[key];
    if (entry === undefined) return undefined;
    const isFresh = this.#host.now - this.freshAsOf <= this.#bounds.maxStaleness;
    if (!isFresh && this.#rules.freshnessBound) return undefined;
    this.#served[key] = entry.version;
    return entry.version;
  }

  /** What may be served when nothing can be proved and the store does not answer. */
  lastKnown(key: KeyId): Version | undefined {
    return this.#rules.droppedStaysDropped ? this.entries[key]?.version : this.#served[key];
  }

  // The feed

  interrupted(): void {
    this.#isLive = false;
    this.#loseSync();
  }

  receive(item: FeedItem): void {
    switch (item.type) {
      case 'live':
        this.#isLive = true;
        this.#loseSync();
        this.#host.requestReading();
        return;
      case 'foreign':
        this.entries[item.key] = undefined;
        this.#hear(item.key, Number.POSITIVE_INFINITY);
        return;
      case 'message':
        this.#message(item);
    }
  }

  #message(message: Message): void {
    this.#messages++;
    for (const key of both) if (message.changes[key] !== undefined) this.#hear(key, message.position.seq);
    if (!this.isSynced) this.#remember(message);
    else if (this.#continues(message)) this.#apply(message);
    else this.#mend(message);
  }

  #continues({ position, previous }: Message): boolean {
    const { last } = this.#ring;
    return position.seq === last.seq + 1 && (!this.#rules.chain || isSame(previous, last));
  }

  #remember(message: Message): void {
    if (this.#rules.unsyncedRemoves) this.#removeChanged(message);
    this.#tail.push(message);
    if (this.#tail.length > this.#variants.tailSize) this.#tail.shift();
  }

  #removeChanged(message: Message): void {
    for (const key of both) if (message.changes[key] !== undefined) this.entries[key] = undefined;
  }

  #apply(message: Message): void {
    this.#ring.push(message.position);
    for (const key of both) this.#confirm(key, message.position);
    for (const key of both) this.#change(key, message);
    this.#meetClaims();
  }

  /** The feed has reached `position`. */
  #confirm(key: KeyId, position: Position): void {
    const entry = this.entries[key];
    if (entry?.isAhead !== true || entry.position.seq > position.seq) return;
    if (!this.#rules.aheadCheck || isSame(entry.position, position)) entry.isAhead = false;
    else this.entries[key] = undefined;
  }

  #change(key: KeyId, message: Message): void {
    const version = message.changes[key];
    if (version === undefined) return;
    const entry = this.entries[key];
    const { position } = message;
    if (entry === undefined) {
      if (!this.#mayFillByMessage(key, message)) return;
    } else if (entry.position.seq >= position.seq && this.#rules.messageNewer) return;
    this.entries[key] = this.#variants.inlines
      ? { version, position, installedAt: this.#host.moment(), isAhead: false }
      : undefined;
  }

  #mayFillByMessage(key: KeyId, { origin, position }: Message): boolean {
    if (!this.#variants.ownMessageFills || origin !== this.#host.id) return false;
    if (!this.#rules.ownMessageUnderWay) return true;
    return this.#host.inFlight.some(
      (request) => request.kind === 'write' && request.nonce === position.nonce && request.marks[key] <= position.seq,
    );
  }

  /** A message that does not continue the applied position. */
  #mend(message: Message): void {
    const relation = this.#ring.relate(message.position);
    switch (relation) {
      case 'known':
        return;
      case 'forgotten':
        if (this.#rules.belowRingRemoves) this.#removeChanged(message);
        if (this.#rules.belowRingRemoves) this.#host.requestReading();
        return;
      case 'forked':
        if (this.#rules.forkDrops) this.#abandon();
        return;
      case 'ahead':
        if (message.position.seq === this.applied.seq + 1) this.#abandon();
        else this.#gap(message);
    }
  }

  #gap(message: Message): void {
    if (!this.#rules.gapDrops) {
      this.#ring.restart(message.position);
      this.#apply(message);
    } else if (this.#variants.logSize > 0) {
      this.#loseSync();
      this.#remember(message);
      this.#host.requestReading();
    } else this.#restart(message.position);
  }

  /** The history has forked: nothing is known until a reading. */
  #abandon(): void {
    this.#loseSync();
    this.#drop();
    this.#host.requestReading();
  }

  // Readings

  /** Judges a reading. Returns whether the log has to be read: then `repair` goes on with it. */
  reading(request: Request): boolean {
    if (this.#rules.stretch && request.stretch !== this.stretch) return false;
    if (!this.isSynced) {
      if (this.#rules.aheadCheckUnsynced) this.#dropLostAhead(request);
      return (this.#isLive || !this.#rules.stretch) && this.#establish(request);
    }
    if (this.#rules.readingCompare) this.#compare(request);
    else this.#prove(request);
    return false;
  }

  #compare(request: Request): void {
    if (this.#rules.aheadCheck) this.#dropLostAhead(request);
    if (this.#isBehind(request) && this.#rules.rollback) {
      this.#take(request);
      return;
    }
    switch (this.#relate(request.position)) {
      case 'known':
        this.#prove(request);
        return;
      case 'forked':
        this.#take(request);
        return;
      case 'forgotten':
        this.#host.requestReading();
        return;
      case 'ahead':
        this.#expect(request);
    }
  }

  /** The position that came with a read: proves freshness, and never declares a loss. */
  observe(request: Request): void {
    if (!this.isSynced || (this.#rules.stretch && request.stretch !== this.stretch)) return;
    const relation = this.#relate(request.position);
    if (relation === 'forked' || this.#isBehind(request)) this.#host.requestReading();
    else if (relation === 'known') this.#prove(request);
    else if (relation === 'ahead') this.#claim(request.position, request.sentAt);
  }

  /** Without the rule a fork passes for a known position. */
  #relate(position: Position): Relation {
    const relation = this.#ring.relate(position);
    return relation === 'forked' && !this.#rules.forkDrops ? 'known' : relation;
  }

  #isBehind(request: Request): boolean {
    return request.position.seq < request.applied.seq;
  }

  /** The reading that ends the time without sync; `true`: the log has to be asked first. */
  #establish(request: Request): boolean {
    if (this.#isWarm(request)) {
      this.#prove(request);
    } else if (this.#mayRepair(request)) {
      return true;
    } else {
      this.#take(request);
    }
    this.#sync();
    return false;
  }

  #isWarm(request: Request): boolean {
    if (!this.#isEstablished) return false;
    if (!this.#rules.readingCompare) return true;
    if (this.#isBehind(request) && this.#rules.rollbackUnsynced) return false;
    if (!this.#variants.tailContinuesOld) return isSame(request.position, this.applied);
    this.#applyTail();
    return this.#relate(request.position) === 'known';
  }

  #mayRepair(request: Request): boolean {
    return this.#variants.logSize > 0 && this.#isEstablished && this.#relate(request.position) === 'ahead';
  }

  /** Goes on from a reading by a log that was read after it: removes what was changed, or drops everything. */
  repair(request: Request, log: readonly Logged[]): void {
    if ((this.#rules.stretch && request.stretch !== this.stretch) || this.isSynced) return;
    this.#applyTail();
    if (this.#relate(request.position) === 'known') this.#prove(request);
    else this.#removeMissed(request, log);
    this.#sync();
  }

  #removeMissed(request: Request, log: readonly Logged[]): void {
    const changed = changedSince(log, this.applied, request.position, this.#rules);
    if (changed === undefined) {
      this.#take(request);
      return;
    }
    for (const key of both) if (changed[key] || this.entries[key]?.isAhead === true) this.entries[key] = undefined;
    this.#ring.restart(request.position);
    this.stretch++;
    this.#claims = [];
    this.#prove(request);
    if (this.#trace.isOn) this.#say(`repairs from the log at ${show(request.position)}`);
  }

  #sync(): void {
    this.isSynced = true;
    this.#applyTail();
    this.#tail = [];
  }

  /** Applies the remembered messages that continue the applied position; the others stay. */
  #applyTail(): void {
    for (const message of this.#tail) if (this.#continues(message)) this.#apply(message);
  }

  #take(request: Request): void {
    this.#restart(request.position);
    this.#prove(request);
  }

  #restart(position: Position): void {
    this.stretch++;
    this.#drop();
    this.#ring.restart(position);
    this.#isEstablished = true;
  }

  #drop(): void {
    this.entries[0] = undefined;
    this.entries[1] = undefined;
    this.generation++;
    this.#claims = [];
    this.#silence = undefined;
    for (const request of this.#host.inFlight) request.isUnheard = false;
    if (this.#trace.isOn) this.#say('drops its cache');
  }

  #loseSync(): void {
    this.isSynced = false;
    this.stretch++;
    this.#tail = [];
  }

  #prove({ sentAt }: Request): void {
    this.#proveAsOf(this.#rules.freshFromSending ? sentAt : this.#host.now);
  }

  #proveAsOf(asOf: number): void {
    this.#silence = undefined;
    if (asOf <= this.freshAsOf) return;
    this.freshAsOf = asOf;
    if (this.#trace.isOn) this.#say(`is fresh as of ${asOf}`);
  }

  #claim(position: Position, sentAt: number): void {
    if (this.#claims.length < MAX_CLAIMS) this.#claims.push({ position, sentAt });
  }

  #meetClaims(): void {
    if (this.#claims.length === 0) return;
    const open: Claim[] = [];
    for (const claim of this.#claims) {
      const relation = this.#relate(claim.position);
      if (relation === 'known') this.#proveAsOf(this.#rules.freshFromSending ? claim.sentAt : this.#host.now);
      else if (relation === 'ahead') open.push(claim);
      else this.#host.requestReading();
    }
    this.#claims = open;
  }

  /** The store is ahead of the feed. Only a feed that stays silent shows a loss. */
  #expect(request: Request): void {
    const { position, sentAt } = request;
    this.#claim(position, sentAt);
    if (this.#silence?.messages !== this.#messages) {
      this.#silence = { since: sentAt, messages: this.#messages };
      return;
    }
    if (sentAt - this.#silence.since < this.#bounds.patience || !this.#rules.lossDeclared) return;
    if (this.#trace.isOn) this.#say('declares a loss');
    if (this.#variants.logSize > 0) this.#loseSync();
    else this.#take(request);
    this.#host.renewFeed();
  }

  #dropLostAhead({ position, sentMoment }: Request): void {
    for (const key of both) {
      const entry = this.entries[key];
      if (entry?.isAhead === true && entry.position.seq > position.seq && entry.installedAt < sentMoment) {
        this.entries[key] = undefined;
      }
    }
  }

  // Replies and acknowledgements

  fill(request: Request, version: Version): void {
    const { key, position } = request;
    const relation = this.#ring.relate(position);
    const isKept =
      (this.isSynced || !this.#rules.syncedInstall) &&
      (request.generation === this.generation || !this.#rules.generation) &&
      (relation === 'known' || relation === 'ahead' || !this.#rules.belongs) &&
      (position.seq >= request.marks[key] || !this.#rules.mark);
    this.#hear(key, position.seq);
    if (isKept) this.#install(request, key, version);
    else this.#refuse(key, position, relation);
  }

  acknowledge(request: Request, key: KeyId, version: Version): void {
    const { position } = request;
    const isUnheard = position.seq >= request.marks[key];
    this.#hear(key, position.seq);
    const isCurrent = request.generation === this.generation || !this.#variants.ackNeedsGeneration;
    const relation = this.isSynced && isCurrent ? this.#ring.relate(position) : 'forgotten';
    if (relation === 'ahead' && (isUnheard || !this.#rules.mark)) this.#install(request, key, version);
    else if (relation === 'known') this.#acknowledgeKnown(request, key, version, isUnheard);
    else if (this.#rules.skipDrops) this.entries[key] = undefined;
  }

  /** A write of this client may have happened, or happened long ago. */
  uncertain(key: KeyId): void {
    this.entries[key] = undefined;
  }

  #acknowledgeKnown(request: Request, key: KeyId, version: Version, isUnheard: boolean): void {
    const entry = this.entries[key];
    if (entry?.isAhead === true) {
      if (this.#rules.ackRemovesAhead) this.entries[key] = undefined;
    } else if (entry === undefined && this.#variants.ackFills && (isUnheard || !this.#rules.ackUnheard)) {
      this.#install(request, key, version);
    }
  }

  #install({ position, sentMoment }: Request, key: KeyId, version: Version): void {
    const entry = this.entries[key];
    if (entry !== undefined && entry.position.seq > position.seq) {
      const isLost = entry.isAhead && entry.installedAt < sentMoment && this.#rules.lostAheadYields;
      if (!isLost) return;
    }
    const isAhead = position.seq > this.applied.seq;
    this.entries[key] = { version, position, installedAt: this.#host.moment(), isAhead };
    if (this.#trace.isOn) this.#say(`keeps ${label(version)} at ${show(position)}${isAhead ? ', ahead' : ''}`);
  }

  #refuse(key: KeyId, position: Position, relation: Relation): void {
    if (!this.#rules.skipDrops) return;
    const entry = this.entries[key];
    const isComparable = relation === 'known' || relation === 'ahead' || !this.#rules.foreignReplyRemoves;
    if (entry !== undefined && this.isSynced && isComparable && entry.position.seq > position.seq) return;
    this.entries[key] = undefined;
    if (this.#trace.isOn) this.#say(`does not keep the reply at ${show(position)}`);
  }

  /** Something at `seq` was heard of `key`. */
  #hear(key: KeyId, seq: number): void {
    for (const request of this.#host.inFlight) {
      if (request.marks[key] < seq) request.marks[key] = seq;
      if (request.kind === 'read' && request.key === key) request.isUnheard = false;
    }
  }

  #say(what: string): void {
    this.#trace.add(`  client ${this.#host.id} ${what}`);
  }
}
