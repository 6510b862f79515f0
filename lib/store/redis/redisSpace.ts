import { ClosedError, ConfigMismatchError, ConnectTimeoutError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import { randomNonce } from '../nonce.ts';
import { ORIGIN, type Position } from '../position.ts';
import type {
  Batch,
  Deadline,
  FeedListener,
  LoggedCall,
  PartitionId,
  Receipt,
  Snapshot,
  Space,
  SpaceOptions,
} from '../store.ts';
import { decodeLogged, encodeLogged, LOG_CALLS } from './changeLog.ts';
import type { Arguments, Connection } from './connection.ts';
import {
  decodeEnvelope,
  decodePosition,
  encodeEnvelopeTail,
  encodeNonce,
  ENVELOPE_HEAD,
  isEnvelope,
} from './envelope.ts';
import { metaKey, type PartitionNames, partitionNames, scanPattern } from './names.ts';
import { writeScript } from './scripts.ts';
import type { Subscriber, Subscription } from './subscriber.ts';

/** Version of the layout in Redis and of the messages. */
const PROTOCOL = 1;
/** Keys that the server looks at in one step of a scan: about a tenth of a millisecond of its time. */
const SCAN_COUNT = 500;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One namespace on one Redis server. */
export class RedisSpace implements Space {
  readonly #connection: Connection;
  readonly #subscriber: Subscriber;
  readonly #options: SpaceOptions;
  readonly #names: PartitionNames;
  readonly #release: () => Promise<void>;
  readonly #subscriptions: Subscription[] = [];
  /** Ends the calls of `follow` that still wait. */
  readonly #endings: ((error: ClosedError) => void)[] = [];
  readonly #deadlines = new Deadlines();
  #isClosed = false;

  /** @param release - Gives back the connections. */
  constructor(connection: Connection, subscriber: Subscriber, options: SpaceOptions, release: () => Promise<void>) {
    this.#connection = connection;
    this.#subscriber = subscriber;
    this.#options = options;
    this.#names = partitionNames(options.namespace);
    this.#release = release;
  }

  /**
   * Records the layout if there is none, and compares it.
   *
   * @throws {ConfigMismatchError} The namespace has another layout.
   */
  async checkLayout(deadline: Deadline, isIdle: boolean = false): Promise<void> {
    const wanted = this.#layoutRecord();
    const key = metaKey(this.#options.namespace);
    let found = await this.#query(['GET', key], deadline, isIdle);
    if (found === null) {
      await this.#query(['SET', key, wanted, 'NX'], deadline, isIdle);
      found = await this.#query(['GET', key], deadline, isIdle);
    }
    if (String(found) !== wanted) {
      throw new ConfigMismatchError(
        `The namespace '${this.#options.namespace}' has the layout ${String(found)}, this process wants ${wanted}. Open it with the same options, or choose another namespace.`,
      );
    }
  }

  async read(_partition: PartitionId, keys: readonly string[], deadline: Deadline): Promise<Snapshot> {
    const { position, keyPrefix } = this.#names;
    const reply = await this.#query(['MGET', position, ...keys.map((key) => keyPrefix + key)], deadline);
    const [at, ...values] = reply as (Buffer | null)[];
    return { position: positionOf(at), values: values.map((value) => value ?? undefined) };
  }

  async write(_partition: PartitionId, batch: Batch, deadline: Deadline): Promise<Receipt> {
    this.#assertOpen();
    const args = this.#writeArguments(batch);
    const [at, ...existed] = (await this.#connection.run(writeScript, args, deadline)) as [Buffer, ...number[]];
    return { position: decodePosition(at), existed: existed.map((count) => count === 1) };
  }

  async position(_partition: PartitionId, deadline: Deadline): Promise<Position> {
    const at = positionOf(await this.#query(['GET', this.#names.position], deadline, true));
    if (at === ORIGIN) await this.checkLayout(deadline, true);
    return at;
  }

  async log(_partition: PartitionId, deadline: Deadline): Promise<readonly LoggedCall[]> {
    const items = await this.#query(['LRANGE', this.#names.log, '0', String(LOG_CALLS - 1)], deadline, true);
    return (items as Buffer[]).flatMap((item) => decodeLogged(item) ?? []);
  }

  async *scan(prefix: string, deadline: () => Deadline): AsyncGenerator<readonly string[]> {
    const { keyPrefix } = this.#names;
    const pattern = scanPattern(keyPrefix + prefix);
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const args = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(SCAN_COUNT)];
      const [next, found] = (await this.#query(args, deadline())) as [Buffer, Buffer[]];
      cursor = String(next);
      const keys = found.flatMap((name) => keyOf(name, keyPrefix)).filter((key) => !seen.has(key));
      for (const key of keys) seen.add(key);
      if (keys.length > 0) yield keys;
    } while (cursor !== '0');
  }

  async follow(_partition: PartitionId, listener: FeedListener, deadline: Deadline): Promise<void> {
    this.#assertOpen();
    const { updateChannel, deleteChannel } = this.#names;
    const live = new Promise<void>((resolve, reject) => {
      this.#endings.push(reject);
      const subscription: Subscription = {
        channels: [updateChannel, deleteChannel],
        live() {
          listener.live();
          resolve();
        },
        interrupted() {
          listener.interrupted();
        },
        message(payload, channel) {
          deliver(payload, channel === updateChannel ? 'set' : 'delete', listener);
        },
      };
      this.#subscriptions.push(subscription);
      this.#subscriber.add(subscription);
    });
    await this.#deadlines.within(live, deadline, () => {
      const cause = this.#subscriber.lastError;
      return new ConnectTimeoutError('Redis did not confirm the subscription within connectTimeout.', { cause });
    });
  }

  distrust(): void {
    this.#subscriber.renew();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) this.#subscriber.remove(subscription);
    for (const end of this.#endings) end(new ClosedError(this.#options.namespace));
    await this.#release();
  }

  #query(args: Arguments, deadline: Deadline, isIdle: boolean = false): Promise<unknown> {
    this.#assertOpen();
    return this.#connection.query(args, deadline, isIdle);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError(this.#options.namespace);
  }

  #layoutRecord(): string {
    const { partitions, codec } = this.#options.layout;
    return JSON.stringify({ protocol: PROTOCOL, partitions, codec });
  }

  #writeArguments(batch: Batch): Arguments {
    const { position, log, nothing, keyPrefix, updateChannel, deleteChannel } = this.#names;
    const { origin, inlineBytes } = this.#options;
    const keys = [
      position,
      log,
      ...batch.deletes.map((key) => keyPrefix + key),
      ...batch.sets.map(([key]) => keyPrefix + key),
    ];
    if (batch.sets.length === 0) keys.push(nothing);
    return [
      String(keys.length),
      ...keys,
      String(batch.deletes.length),
      encodeNonce(randomNonce()),
      batch.sets.length > 0 ? updateChannel : deleteChannel,
      ENVELOPE_HEAD,
      encodeEnvelopeTail(batch, origin, inlineBytes),
      encodeLogged(batch),
      ...batch.sets.map(([, bytes]) => asBuffer(bytes)),
    ];
  }
}

/** node-redis 4 takes no other binary than Buffers. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function deliver(payload: Buffer, type: 'set' | 'delete', listener: FeedListener): void {
  if (!isEnvelope(payload)) {
    listener.foreign(payload.toString(), type);
    return;
  }
  const message = decodeEnvelope(payload);
  if (message === undefined) listener.garbled();
  else listener.message(message);
}

function positionOf(reply: unknown): Position {
  if (reply === null || reply === undefined) return ORIGIN;
  if (reply instanceof Uint8Array && reply.length === 12) return decodePosition(asBuffer(reply));
  throw new UnavailableError(
    'The position key of this namespace (see README, names in Redis) does not hold a position. Something else wrote it: delete it, and every process drops its cache.',
  );
}

/** Names that are no UTF-8 can't be keys of a dictionary: nobody could ask for them. */
function keyOf(name: Buffer, keyPrefix: string): string[] {
  try {
    return [utf8.decode(name).slice(keyPrefix.length)];
  } catch {
    return [];
  }
}
