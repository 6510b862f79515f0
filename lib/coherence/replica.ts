import type { Entry } from '../cache/entry.ts';
import type { Position } from '../store/position.ts';
import type { Message, PartitionId, Snapshot, Space } from '../store/store.ts';
import { type AskForBlock, eachBlock } from './blocks.ts';
import type { Departure } from './departure.ts';
import type { Follower } from './follower.ts';
import type { Partition } from './partition.ts';
import type { Content, CopyChanges, Loaded } from './copyChange.ts';
import { Staging } from './staging.ts';
import { Unconfirmed } from './unconfirmed.ts';

/** Who holds the copy that a replica keeps up to date. */
export interface ReplicaHost {
  /** Monotonic milliseconds. */
  now(): number;
  /** The keys of the partition that the copy holds. */
  keys(): Iterable<string>;
  decode(key: string, bytes: Uint8Array): Content;
  /** Makes what takes what is loaded, until it is committed. */
  draft(): Loaded;
  /**
   * Takes changes that belong together.
   *
   * @param isWhole - They are everything that the partition holds.
   */
  commit(changes: CopyChanges, isWhole: boolean): void;
  /** The copy has come further, or is proven as of another time. */
  settled(): void;
  /** A write of this process was applied, which the copy does not have until it has the position (infinite: until a proof). */
  acknowledged(key: string, entry: Entry, position: Position): void;
  /** The copy may have any number of changes missed: it has to be loaded again. */
  lost(): void;
}

/** What is remembered of a read when it leaves. */
interface Sent {
  readonly era: number;
  readonly departure: Departure;
}

/** Most keys asked for in one command. */
const MAX_KEYS = 1024;
/** Messages that may wait for a read. With more, all that wait become one change. */
const MAX_WAITING = 1024;
const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1000;

/**
 * Keeps a copy of one partition: loads it whole, then follows it.
 *
 * Changes of one message appear together. Where a value is too large to travel with its message it has to be read, and a
 * read brings the state of a later moment: then the copy goes on to that moment in one step.
 */
export class Replica implements Follower {
  readonly #space: Space;
  readonly #id: PartitionId;
  readonly #partition: Partition;
  readonly #timeoutMs: number;
  readonly #host: ReplicaHost;
  readonly #staging: Staging;
  readonly #unconfirmed = new Unconfirmed();
  /** Changed by programs that give no position; to be read when no read is under way. */
  readonly #doubted = new Set<string>();
  #waiting: Message[] = [];
  #mode: 'lost' | 'loading' | 'following' = 'lost';
  /** The next commit is everything. */
  #isWhole = false;
  #reached: Position;
  /** The copy has everything up to this number. */
  #committed = -1;
  /** Up to here something was missed. */
  #missedUpTo = -1;
  #round = 0;
  /** Moves when what is under way concerns nobody any more. */
  #era = 0;
  #isReading = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #freshAsOf = Number.NEGATIVE_INFINITY;
  #proof: { readonly asOf: number; readonly seq: number } | undefined;

  constructor(space: Space, id: PartitionId, partition: Partition, timeoutMs: number, host: ReplicaHost) {
    this.#space = space;
    this.#id = id;
    this.#partition = partition;
    this.#timeoutMs = timeoutMs;
    this.#host = host;
    this.#staging = new Staging(
      (key, bytes) => host.decode(key, bytes),
      () => host.now(),
      () => host.draft(),
    );
    this.#reached = partition.applied;
  }

  /** Whether it has to be loaded. */
  get isLost(): boolean {
    return this.#mode === 'lost';
  }

  /** Whether the copy is whole, and follows. */
  get isLoaded(): boolean {
    return this.#mode === 'following' && !this.#isWhole;
  }

  /** Whether the copy is whole and nothing is missing that was missed before. */
  get isRepaired(): boolean {
    return this.isLoaded && this.#committed >= this.#missedUpTo;
  }

  /** Monotonic milliseconds at which the store held what the copy holds. */
  get freshAsOf(): number {
    return this.#freshAsOf;
  }

  /** Whether the copy has what was written at the position, and no other history has its number. */
  has(position: Position): boolean {
    return position.seq <= this.#committed && !this.#partition.contradicts(position);
  }

  // Loading

  /** Begins to load: from now on no change is missed. */
  begin(): void {
    this.#forget();
    this.#mode = 'loading';
    this.#isWhole = true;
    this.#reached = this.#partition.applied;
    this.#staging.restart(this.#reached.seq);
  }

  /** Loads some keys. @returns `false`: the load has to begin again. */
  load(keys: readonly string[]): Promise<boolean> {
    return this.#read(keys);
  }

  /**
   * Loads everything.
   *
   * @param onLoaded - Told after each block how many keys it had.
   * @returns `false`: the load has to begin again.
   */
  async loadAll(ask: AskForBlock, onLoaded: (count: number) => void): Promise<boolean> {
    let isTaken = true;
    await eachBlock(
      ask,
      () => this.#depart(),
      (block, sent) => {
        isTaken = this.#take(block.keys, block, sent);
        onLoaded(block.keys.length);
        return isTaken;
      },
    );
    return isTaken;
  }

  /**
   * Ends a load.
   *
   * @param isLoaded - All keys that were found in the store are loaded; otherwise the load has to begin again.
   */
  async end(isLoaded: boolean): Promise<void> {
    const era = this.#era;
    // What was not found may have been deleted just before: only the position tells which messages say so.
    const isKnown = isLoaded && (await this.#read([]).catch(() => false));
    if (era !== this.#era || this.#mode !== 'loading') return;
    if (!isKnown) {
      this.abandon();
      return;
    }
    this.#mode = 'following';
    this.#staging.join();
    this.#advance();
  }

  /** Reads keys again. */
  recheck(keys: Iterable<string>): void {
    for (const key of keys) this.#doubted.add(key);
    this.#advance();
  }

  /** Follows no more, until it is loaded again. */
  abandon(): void {
    this.#forget();
    this.#mode = 'lost';
  }

  // Following

  applied(message: Message): void {
    this.#reached = message.position;
    if (this.#mode === 'lost') return;
    if (!this.#unconfirmed.reach(message.position)) {
      this.#lose();
      return;
    }
    this.#follow(message);
  }

  missed(position: Position, keys: ReadonlySet<string> | undefined): void {
    const previous = this.#reached;
    this.#reached = position;
    if (this.#mode === 'lost') return;
    const isCertain = this.#unconfirmed.isEmpty || (this.#mode === 'following' && this.#staging.isReady);
    this.#unconfirmed.clear();
    if (keys === undefined || !isCertain) {
      this.#lose();
      return;
    }
    this.#missedUpTo = position.seq;
    // What was read ahead of the feed may be of a history that is gone.
    this.#staging.takeBackLead();
    const changes = [...keys].map((key) => ({ type: 'set', key, bytes: undefined, version: '' }) as const);
    this.#follow({ previous, position, origin: 0, clear: false, changes });
  }

  doubted(key: string): void {
    if (this.#mode === 'lost') return;
    this.#doubted.add(key);
    this.#advance();
  }

  proven(asOf: number): void {
    if (this.#unconfirmed.isLost(asOf, this.#reached.seq)) this.#lose();
    if (this.#mode === 'lost') return;
    // An older proof is not replaced by one that is farther away: under a steady stream none would ever be met.
    this.#proof ??= { asOf, seq: this.#reached.seq };
    this.#settle();
  }

  synced(): void {
    this.#advance();
  }

  acknowledged(key: string, entry: Entry, position: Position): void {
    // Of another history a number says nothing: only a proof that is younger than the write shows that the copy has it.
    if (!this.#partition.belongs(position))
      this.#host.acknowledged(key, entry, { ...position, seq: Number.POSITIVE_INFINITY });
    else if (!this.has(position)) this.#host.acknowledged(key, entry, position);
  }

  #follow(message: Message): void {
    if (this.#mode === 'loading' || this.#staging.isJoined(message.position.seq)) this.#stage(message);
    else this.#waiting.push(message);
    if (this.#waiting.length > MAX_WAITING) {
      // Messages go over what is being read because it was doubted, and need not be newer than the doubt.
      for (const key of this.#staging.holes) this.#doubted.add(key);
      this.#staging.joinUpTo(message.position.seq);
      this.#stageJoined();
    }
    this.#advance();
  }

  /** Goes on as far as what is known allows. */
  #advance(): void {
    if (this.#mode !== 'following' || this.#isReading) return;
    clearTimeout(this.#retry);
    for (;;) {
      if (!this.#staging.meetLead(this.#reached.seq, this.#waiting)) return;
      this.#stageJoined();
      if (!this.#staging.isReady) return;
      this.#staging.doubt(this.#doubted);
      this.#doubted.clear();
      if (this.#staging.holes.size > 0) {
        void this.#readHoles();
        return;
      }
      this.#commit();
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#stage(next);
    }
  }

  #stage(message: Message): void {
    this.#staging.stage(message, message.clear ? this.#host.keys() : []);
  }

  #stageJoined(): void {
    const count = this.#waiting.findIndex(({ position }) => !this.#staging.isJoined(position.seq));
    for (const message of this.#waiting.splice(0, count === -1 ? this.#waiting.length : count)) this.#stage(message);
  }

  #commit(): void {
    this.#round = 0;
    this.#retryMs = FIRST_RETRY_MS;
    const isWhole = this.#isWhole;
    this.#isWhole = false;
    const { isEmpty } = this.#staging;
    const changes = this.#staging.take();
    this.#committed = this.#staging.floor;
    if (!isEmpty || isWhole) this.#host.commit(changes, isWhole);
    this.#settle();
  }

  #settle(): void {
    if (this.#proof !== undefined && this.#proof.seq <= this.#committed) {
      this.#freshAsOf = Math.max(this.#freshAsOf, this.#proof.asOf);
      this.#proof = undefined;
    }
    if (this.#committed >= 0) this.#host.settled();
  }

  // Reading

  /** What one round reads the next may have changed. Every second round reads all that such changes have met so far. */
  async #readHoles(): Promise<void> {
    const era = this.#era;
    const keys = [...(this.#round++ % 2 === 0 ? this.#staging.holes : this.#staging.touched)];
    this.#isReading = true;
    const isRead = await this.#readAll(keys).catch(() => false);
    if (era !== this.#era) return;
    this.#isReading = false;
    if (isRead) this.#advance();
    else this.#tryAgain();
  }

  async #readAll(keys: readonly string[]): Promise<boolean> {
    for (let at = 0; at < keys.length; at += MAX_KEYS) {
      if (!(await this.#read(keys.slice(at, at + MAX_KEYS)))) return false;
    }
    return true;
  }

  async #read(keys: readonly string[]): Promise<boolean> {
    const sent = this.#depart();
    return this.#take(keys, await this.#space.read(this.#id, keys, performance.now() + this.#timeoutMs), sent);
  }

  #depart(): Sent {
    return { era: this.#era, departure: this.#partition.depart() };
  }

  #take(keys: readonly string[], snapshot: Snapshot, { era, departure }: Sent): boolean {
    const { position, values, ttls } = snapshot;
    this.#partition.observe(position, departure);
    if (era !== this.#era || !this.#partition.accepts(position, departure)) return false;
    const isAhead = position.seq > this.#reached.seq;
    if (isAhead && !this.#unconfirmed.add(position, this.#host.now())) {
      this.#lose();
      return false;
    }
    if (this.#mode === 'loading') {
      this.#staging.joinUpTo(position.seq);
      this.#staging.load(keys, snapshot);
    } else {
      keys.forEach((key, index) => {
        this.#staging.fill(key, values[index], ttls?.[index], position.seq);
      });
    }
    return true;
  }

  #tryAgain(): void {
    this.#retry = setTimeout(() => {
      this.#advance();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #lose(): void {
    this.#forget();
    this.#mode = 'lost';
    this.#host.lost();
  }

  #forget(): void {
    this.#era++;
    this.#isReading = false;
    clearTimeout(this.#retry);
    this.#round = 0;
    this.#waiting = [];
    this.#doubted.clear();
    this.#unconfirmed.clear();
    this.#staging.restart(0);
    this.#proof = undefined;
    this.#committed = -1;
    this.#missedUpTo = -1;
  }
}
