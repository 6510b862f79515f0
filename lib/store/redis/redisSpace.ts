import { ClosedError, ConnectTimeoutError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import { hasTtls, ORIGIN, type Position } from '../position.ts';
import type {
  Batch,
  Deadline,
  FeedListener,
  LoggedCall,
  PartitionId,
  PeerAnswers,
  Receipt,
  Snapshot,
  Space,
  SpaceOptions,
} from '../store.ts';
import { BlockReader } from './blocks.ts';
import { decodeLogged, LOG_CALLS } from './changeLog.ts';
import type { Arguments, Connection, Server } from './connection.ts';
import { isSplit, isWrongType } from './failures.ts';
import { feed } from './feed.ts';
import { Invalidations } from './invalidations.ts';
import { LayoutRecord } from './layoutRecord.ts';
import { decodeKey, type PartitionNames, partitionNames, scanPattern, SLASH } from './names.ts';
import { PeerChannel } from './peerChannel.ts';
import { decodePositionReply, decodeReceipt, decodeTtl, decodeValues } from './replies.ts';
import { readApart } from './readApart.ts';
import { assertMayWrite } from './rights.ts';
import { type Publish, publishIn } from './scripts.ts';
import { hashTags } from './slots.ts';
import type { MessageSource } from './subscriber.ts';
import type { Subscription } from './subscription.ts';
import { writeCall } from './writeCall.ts';

/** Keys that the server looks at in one step of a scan: about half a millisecond of its time. */
const SCAN_COUNT = 1000;

/** One namespace on one Redis server. */
export class RedisSpace implements Space {
  readonly isPunctual = true;
  /** Where one partition has its server to itself, a scan finds nothing else. */
  readonly block: Space['block'];
  readonly #connection: Connection;
  readonly #subscriber: MessageSource;
  readonly #options: SpaceOptions;
  /** Whether names carry a hash tag: not needed for one partition on one server. */
  readonly #hasTags: boolean;
  readonly #names: readonly PartitionNames[];
  /** By the start of a name, up to and including its `/`: those that can be data. */
  readonly #prefixes: ReadonlySet<string>;
  readonly #invalidations: Invalidations | undefined;
  readonly #release: () => Promise<void>;
  readonly #subscriptions = new Map<FeedListener, Subscription>();
  /** Ends the calls of `follow` that still wait. */
  readonly #endings = new Set<(error: ClosedError) => void>();
  /** For feeds, which are waited for while others read. */
  readonly #deadlines = new Deadlines({ keepsAlive: false });
  readonly #layout: LayoutRecord;
  readonly #peers: PeerChannel;
  /** Partitions that are known to have had a write with a time to live. */
  readonly #withTtls = new Set<PartitionId>();
  /** Whether the rights for writing were found complete. */
  #mayWrite = false;
  #isClosed = false;

  /** @param release - Gives back the connections. */
  constructor(connection: Connection, subscriber: MessageSource, options: SpaceOptions, release: () => Promise<void>) {
    this.#connection = connection;
    this.#subscriber = subscriber;
    this.#options = options;
    this.#hasTags = connection.isCluster || options.layout.partitions > 1;
    this.#names = namesOf(options, this.#hasTags);
    this.#prefixes = new Set(this.#names.map(({ keyPrefix }) => keyPrefix));
    this.#invalidations = options.tracking ? new Invalidations() : undefined;
    this.#layout = new LayoutRecord(connection, options.namespace, options.layout);
    this.#peers = new PeerChannel(connection, subscriber, this.#publishBy, options.namespace);
    this.#release = release;
    this.block = this.#hasTags ? undefined : this.#blockReader();
  }

  /**
   * Compares the layout and reads a position, so that what is wrong shows before anything follows.
   *
   * @throws {ConfigMismatchError} The namespace has another layout.
   * @throws {UnavailableError} The position key holds something else, or the user may not read.
   */
  async start(deadline: Deadline): Promise<void> {
    await Promise.all([this.#layout.check(deadline), this.#readPosition(0, deadline, false)]);
  }

  async read(partition: PartitionId, keys: readonly string[], deadline: Deadline): Promise<Snapshot> {
    this.#assertOpen();
    const { position, keyPrefix } = this.#namesOf(partition);
    const names = keys.map((key) => keyPrefix + key);
    try {
      if (!this.#withTtls.has(partition)) {
        const reply = await this.#connection.queryKeys(['MGET', position, ...names], deadline);
        const snapshot = decodeValues(reply, names.length);
        if (!hasTtls(this.#note(partition, snapshot.position))) return snapshot;
      }
      return await this.#readWithTtls(partition, position, names, deadline);
    } catch (error) {
      if (!isSplit(error)) throw error;
      return readApart(this.#connection, position, names, deadline);
    }
  }

  async #readWithTtls(
    partition: PartitionId,
    position: string,
    names: readonly string[],
    deadline: Deadline,
  ): Promise<Snapshot> {
    // Asked for behind the values: a time that belongs to a newer value is corrected by the message of that one.
    const commands = [['MGET', position, ...names], ...names.map((name) => ['PTTL', name])];
    const [reply, ...pttls] = await this.#connection.queryAll(commands, deadline);
    const snapshot = decodeValues(reply, names.length);
    this.#note(partition, snapshot.position);
    return { ...snapshot, ttls: snapshot.values.map((value, index) => value && decodeTtl(pttls[index])) };
  }

  async write(partition: PartitionId, batch: Batch, deadline: Deadline): Promise<Receipt> {
    this.#assertOpen();
    const names = this.#namesOf(partition);
    if (!this.#mayWrite) await this.#prepareToWrite(names, deadline);
    const { script, args } = writeCall(batch, names, this.#options, this.#publishBy);
    const receipt = decodeReceipt(await this.#connection.run(script, args, deadline), batch);
    this.#note(partition, receipt.position);
    return receipt;
  }

  async position(partition: PartitionId, deadline: Deadline): Promise<Position> {
    const at = await this.#readPosition(partition, deadline, true);
    if (at === ORIGIN) await this.#layout.check(deadline, true);
    return at;
  }

  async log(partition: PartitionId, deadline: Deadline): Promise<readonly LoggedCall[]> {
    const args = ['LRANGE', this.#namesOf(partition).log, '0', String(LOG_CALLS - 1)];
    try {
      const items = (await this.#query(args, deadline, true)) as Buffer[];
      return items.flatMap((item) => decodeLogged(item) ?? []);
    } catch (error) {
      // Something else stands in its place, until the next write.
      if (isWrongType(error)) return [];
      throw error;
    }
  }

  async *scan(prefix: string, deadline: () => Deadline, isRough = false): AsyncGenerator<readonly string[]> {
    const pattern = scanPattern(this.#options.namespace, this.#hasTags, prefix);
    // Remembering a hundred thousand keys, or the server looking at each, takes a good part of the time of a load.
    const seen = isRough ? undefined : new Set<string>();
    const filter = ['MATCH', pattern, 'COUNT', String(SCAN_COUNT), ...(isRough ? [] : ['TYPE', 'string'])];
    this.#assertOpen();
    for (const server of await this.#connection.servers(deadline())) {
      for await (const names of this.#scanServer(server, filter, deadline)) {
        const keys: string[] = [];
        for (const name of names) {
          const key = this.#keyOf(name);
          if (key === undefined || !key.startsWith(prefix) || seen?.has(key) === true) continue;
          seen?.add(key);
          keys.push(key);
        }
        if (keys.length > 0) yield keys;
      }
    }
  }

  #blockReader(): NonNullable<Space['block']> {
    const reader = new BlockReader(this.#connection, this.#options.namespace, this.#namesOf(0), {
      hasTtls: () => this.#withTtls.has(0),
      read: (keys, deadline) => this.read(0, keys, deadline),
    });
    return async (partition, prefix, cursor, deadline) => {
      this.#assertOpen();
      const block = await reader.read(prefix, cursor, deadline);
      this.#note(partition, block.position);
      return block;
    };
  }

  async follow(partition: PartitionId, listener: FeedListener, deadline: Deadline): Promise<void> {
    this.#assertOpen();
    const names = this.#namesOf(partition);
    let end!: (error: ClosedError) => void;
    const live = new Promise<void>((resolve, reject) => {
      end = reject;
      const start = { live: resolve, refused: reject };
      const subscription = feed(names, this.#tracked(names, listener), start, this.#invalidations?.channels);
      this.#subscriptions.set(listener, subscription);
      this.#subscriber.add(subscription);
    });
    this.#endings.add(end);
    try {
      await this.#deadlines.within(live, deadline, () => {
        const cause = this.#subscriber.lastError;
        return new ConnectTimeoutError('Redis did not confirm the subscription within connectTimeout.', { cause });
      });
    } finally {
      this.#endings.delete(end);
    }
  }

  unfollow(partition: PartitionId, listener: FeedListener): void {
    this.#invalidations?.untrack(this.#namesOf(partition).keyPrefix, listener);
    const subscription = this.#subscriptions.get(listener);
    this.#subscriptions.delete(listener);
    if (subscription !== undefined) this.#subscriber.remove(subscription);
  }

  distrust(): void {
    this.#subscriber.renew();
  }

  answerPeers(describe: () => string): void {
    this.#peers.answer(describe);
  }

  askPeers(deadline: Deadline): Promise<PeerAnswers> {
    return this.#peers.ask(deadline);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#peers.close();
    for (const subscription of this.#subscriptions.values()) this.#subscriber.remove(subscription);
    if (this.#invalidations !== undefined) this.#subscriber.remove(this.#invalidations);
    for (const end of this.#endings) end(new ClosedError(this.#options.namespace));
    await this.#release();
  }

  /** Adds to what the listener is told what the server notices of the partition's keys, where that is wanted. */
  #tracked({ keyPrefix }: PartitionNames, listener: FeedListener): FeedListener {
    if (this.#invalidations === undefined) return listener;
    // Before the feed: one that is live must not miss any.
    this.#subscriber.add(this.#invalidations);
    return this.#invalidations.track(keyPrefix, listener);
  }

  async *#scanServer(server: Server, filter: Arguments, deadline: () => Deadline): AsyncGenerator<readonly Buffer[]> {
    const ask = (cursor: string): Promise<unknown> =>
      this.#query(['SCAN', cursor, ...filter], deadline(), false, server);
    let reply = ask('0');
    for (;;) {
      const [next, names] = (await reply) as [Buffer, Buffer[]];
      const cursor = String(next);
      if (cursor === '0') {
        yield names;
        return;
      }
      // The server goes on while what it has found is looked at, however long that takes.
      let hasFailed = false;
      const ahead = ask(cursor);
      ahead.catch(() => {
        hasFailed = true;
      });
      yield names;
      reply = hasFailed ? ask(cursor) : ahead;
    }
  }

  /** By the first write: until then nothing shows whether the user is one who only reads. */
  async #prepareToWrite(names: PartitionNames, deadline: Deadline): Promise<void> {
    await assertMayWrite(this.#connection, names, this.#publishBy, deadline);
    await this.#layout.assertRecorded(deadline);
    this.#mayWrite = true;
  }

  async #readPosition(partition: PartitionId, deadline: Deadline, isIdle: boolean): Promise<Position> {
    const reply = await this.#query(['GET', this.#namesOf(partition).position], deadline, isIdle);
    return this.#note(partition, decodePositionReply(reply));
  }

  #query(args: Arguments, deadline: Deadline, isIdle: boolean = false, server?: Server): Promise<unknown> {
    this.#assertOpen();
    return this.#connection.query(args, deadline, isIdle, server);
  }

  get #publishBy(): Publish {
    return publishIn(this.#options.layout);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError(this.#options.namespace);
  }

  #namesOf(partition: PartitionId): PartitionNames {
    const names = this.#names[partition];
    if (names === undefined) throw new RangeError('There is no such partition.');
    return names;
  }

  #keyOf(name: Buffer): string | undefined {
    const end = name.indexOf(SLASH) + 1;
    return this.#prefixes.has(name.toString('latin1', 0, end)) ? decodeKey(name, end) : undefined;
  }

  /** Remembers that times to live are in use, for which readings have to ask from then on. */
  #note(partition: PartitionId, position: Position): Position {
    if (hasTtls(position)) this.#withTtls.add(partition);
    return position;
  }
}

function namesOf({ namespace, layout }: SpaceOptions, hasTags: boolean): PartitionNames[] {
  if (!hasTags) return [partitionNames(namespace, undefined)];
  return hashTags(layout.partitions).map((tag) => partitionNames(namespace, tag));
}
