import { types } from 'node:util';
import type { Values } from '../codec/values.ts';
import { type Duration, ttlOf } from '../duration.ts';
import {
  AmbiguousWriteError,
  ClosedError,
  CodecError,
  FlushError,
  type NearDictError,
  type WriteFailure,
} from '../errors.ts';
import type { KeySchemas } from '../schema/keySchemas.ts';
import type { Partitioner } from '../store/partitioner.ts';
import { versionOf } from '../store/version.ts';
import { Countdown } from '../write/countdown.ts';
import { type Ending, Outcome } from '../write/outcome.ts';
import type { Content, Writer } from '../write/writer.ts';
import { abortable, orAbort } from './abortable.ts';
import { assertKey } from './keys.ts';
import type { WriteOptions } from './nearDict.ts';
import { Pace } from './pace.ts';
import { REMOVE } from './remove.ts';
import type { StoreWalk } from './storeWalk.ts';

/** Keys deleted in one call of `clear()`. */
const CLEAR_CHUNK = 1000;
/** Writes of a batch that are encoded without a pause: a small one is never seen or sent in parts. */
const ENCODED_AT_ONCE = 64;
/** Failures that `FlushError.errors` lists. */
const MAX_FAILURES = 1000;

/** Checked and encoded writes by key. */
type WriteBatch = ReadonlyMap<string, Content>;

/** A value that is encoded. */
type Encoded = Content & { readonly bytes: Uint8Array };

const DELETED: Content = { bytes: undefined, ttlMs: undefined };

/** What writes are made with. */
export interface WritesOptions {
  readonly namespace: string;
  readonly writer: Writer;
  readonly values: Values;
  readonly schemas: KeySchemas;
  readonly walk: StoreWalk;
  /** Throws what `partitionBy` throws. */
  readonly partitionOf: Partitioner;
  /** How long what is written lives, unless the write says otherwise; `undefined`: for ever. */
  readonly ttlMs: number | undefined;
}

/** The writing half of a handle: checks and encodes at once, then hands over to the writer. */
export class Writes {
  readonly #options: WritesOptions;
  readonly #failures: WriteFailure[] = [];
  #failed = 0;
  /** The checks that are under way: writes are made in the order of the calls. */
  #checking: Promise<unknown> = Promise.resolve();
  #isOpen = true;

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  assign(key: string, value: unknown): void {
    this.check(key);
    const { schemas, values, writer, ttlMs } = this.#options;
    writer.write(key, { bytes: values.encode(schemas.check(key, value)), ttlMs });
  }

  remove(key: string): void {
    this.check(key);
    this.#options.writer.write(key, DELETED);
  }

  /** Resolves the version. */
  async set(key: string, value: unknown, { ttl, signal }: WriteOptions = {}): Promise<string> {
    const encoded = this.encode(key, value, this.ttlOf(ttl));
    const content = types.isPromise(encoded) ? await abortable(encoded, signal) : encoded;
    await this.#writeOne(key, content, signal);
    return versionOf(content.bytes);
  }

  async setMany(entries: Iterable<readonly [string, unknown]>, { ttl, signal }: WriteOptions): Promise<void> {
    const ttlMs = this.ttlOf(ttl);
    const prepared = prepare(entries, ([key, value]) => [key, this.encode(key, value, ttlMs)] as const);
    await this.#write(await abortable(prepared, signal), signal);
  }

  /** Resolves whether the key was there. */
  async delete(key: string, signal: AbortSignal | undefined): Promise<boolean> {
    this.check(key);
    return this.#writeOne(key, DELETED, signal);
  }

  /** Resolves how many of the keys were there. */
  async deleteMany(keys: Iterable<string>, signal: AbortSignal | undefined): Promise<number> {
    const batch = await prepare(keys, (key) => {
      this.check(key);
      return [key, DELETED] as const;
    });
    return this.#write(batch, signal);
  }

  async clear(signal: AbortSignal | undefined): Promise<void> {
    this.#assertOpen();
    signal?.throwIfAborted();
    let isSent = false;
    const cleared = this.#clear(signal, () => {
      isSent = true;
    });
    if (signal === undefined) return cleared;
    return orAbort(cleared, signal, () => (isSent ? givenUpTooLate(signal) : (signal.reason as Error)));
  }

  /** Resolves when every write so far has ended, well or not. */
  async settled(signal?: AbortSignal): Promise<void> {
    this.#assertOpen();
    signal?.throwIfAborted();
    await abortable(this.#options.writer.settled(), signal);
  }

  /** @throws {FlushError} Some writes did not reach the store. */
  async flush(signal: AbortSignal | undefined): Promise<void> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const left = await abortable(this.#options.writer.flush(), signal);
    for (const { key, error } of left) this.addFailure(key, error);
    this.throwFailures();
  }

  /**
   * Checks and encodes: a promise where the schema is asynchronous.
   *
   * @throws {NearDictError} Neither a key nor a value, or the dictionary is closed.
   */
  encode(key: string, value: unknown, ttlMs: number | undefined): Encoded | Promise<Encoded> {
    this.check(key);
    return this.#encode(key, value, ttlMs);
  }

  /**
   * Checks and encodes what a function of the user has returned: `REMOVE` deletes. Also while closing, which flushes.
   *
   * @param source - Names the function.
   * @throws {CodecError} It returned `undefined`.
   */
  encodeNew(source: string, key: string, value: unknown, ttlMs: number | undefined): Content | Promise<Content> {
    if (value === REMOVE) return DELETED;
    if (value !== undefined) return this.#encode(key, value, ttlMs);
    throw new CodecError(`${source} returned undefined, which is no value. Return the new value, or REMOVE to delete.`);
  }

  /** @throws {ConfigError} No time to live. */
  ttlOf(ttl: Duration | undefined): number | undefined {
    return ttl === undefined ? this.#options.ttlMs : ttlOf(ttl);
  }

  /**
   * @throws {KeyError} No key.
   * @throws {ClosedError} The dictionary is closed.
   * @throws {ConfigError} `partitionBy` returned no string. What it throws passes through.
   */
  check(key: string): void {
    assertKey(key);
    this.#assertOpen();
    // A function of the user: none of a batch is written if it fails for one.
    this.#options.partitionOf(key);
  }

  /** Takes no more writes. */
  close(): void {
    this.#isOpen = false;
  }

  /** Counts a write that nobody waited for. */
  addFailure(key: string, error: NearDictError): void {
    this.#failed++;
    if (this.#failures.length < MAX_FAILURES) this.#failures.push({ key, error });
  }

  /** @throws {FlushError} Background writes have failed since the last call. */
  throwFailures(): void {
    if (this.#failed === 0) return;
    const error = new FlushError(this.#failures.splice(0), this.#failed);
    this.#failed = 0;
    throw error;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new ClosedError(this.#options.namespace);
  }

  #encode(key: string, value: unknown, ttlMs: number | undefined): Encoded | Promise<Encoded> {
    const { schemas, values } = this.#options;
    const checked = schemas.checkSoon(key, value);
    // A promise that was given as the value is not waited for: the codec refuses it.
    const isUnderWay = checked !== value && types.isPromise(checked);
    return isUnderWay ? this.#encodeInTurn(checked, ttlMs) : { bytes: values.encode(checked), ttlMs };
  }

  async #encodeInTurn(checked: Promise<unknown>, ttlMs: number | undefined): Promise<Encoded> {
    const before = this.#checking;
    this.#checking = Promise.allSettled([before, checked]);
    await before;
    return { bytes: this.#options.values.encode(await checked), ttlMs };
  }

  /** Resolves whether the key was there before. */
  #writeOne(key: string, content: Content, signal: AbortSignal | undefined): Promise<boolean> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const outcome = new Outcome();
    this.#options.writer.write(key, content, outcome);
    return this.#ended(outcome, signal);
  }

  /** Resolves the number of keys that were there before. */
  async #write(batch: WriteBatch, signal: AbortSignal | undefined): Promise<number> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const countdown = new Countdown(batch.size);
    void this.#options.writer.writeMany(batch, countdown, signal);
    return this.#ended(countdown, signal);
  }

  #ended<V>(writes: Ending<V>, signal: AbortSignal | undefined): Promise<V> {
    if (signal === undefined) return writes.done;
    return orAbort(writes.done, signal, () => {
      const isStopped = this.#options.writer.cancel(writes) && !writes.hasApplied;
      return isStopped ? (signal.reason as Error) : givenUpTooLate(signal);
    });
  }

  async #clear(signal: AbortSignal | undefined, onSend: () => void): Promise<void> {
    await this.#options.writer.settled();
    let chunk: string[] = [];
    for await (const keys of this.#options.walk.keys({ signal })) {
      chunk.push(...keys);
      while (chunk.length > CLEAR_CHUNK) {
        onSend();
        await this.#options.writer.clear(chunk.slice(0, CLEAR_CHUNK), false);
        signal?.throwIfAborted();
        chunk = chunk.slice(CLEAR_CHUNK);
      }
    }
    signal?.throwIfAborted();
    onSend();
    await this.#options.writer.clear(chunk, true);
  }
}

/** A later item of the same key replaces the earlier one. Pauses now and then, so that nothing else waits long. */
async function prepare<I>(
  items: Iterable<I>,
  toWrite: (item: I) => readonly [string, Content | Promise<Content>],
): Promise<WriteBatch> {
  const batch = new Map<string, Content>();
  const pace = new Pace();
  let count = 0;
  for (const item of items) {
    const [key, content] = toWrite(item);
    batch.set(key, types.isPromise(content) ? await content : content);
    if (++count % ENCODED_AT_ONCE === 0 && pace.isPauseDue) await pace.pause();
  }
  return batch;
}

export function givenUpTooLate(signal: AbortSignal): AmbiguousWriteError {
  return new AmbiguousWriteError(
    'The write was given up after it, or a part of it, was sent, or it shared its call with another write of the key.',
    { cause: signal.reason },
  );
}
