import { setImmediate as nextTurn } from 'node:timers/promises';
import { types } from 'node:util';
import type { Values } from '../codec/values.ts';
import { AmbiguousWriteError, ClosedError, FlushError, type NearDictError, type WriteFailure } from '../errors.ts';
import type { KeySchemas } from '../schema/keySchemas.ts';
import { versionOf } from '../store/version.ts';
import { Countdown } from '../write/countdown.ts';
import type { Writer } from '../write/writer.ts';
import { abortable, orAbort } from './abortable.ts';
import { assertKey } from './keys.ts';
import { Pace } from './pace.ts';
import type { StoreWalk } from './storeWalk.ts';

/** Keys deleted in one call of `clear()`. */
const CLEAR_CHUNK = 1000;
/** Writes of a batch that are encoded, and handed over, without a pause: a small one is never seen or sent in parts. */
const ENCODED_AT_ONCE = 64;
const HANDED_AT_ONCE = 1000;
/** Failures that `FlushError.errors` lists. */
const MAX_FAILURES = 1000;

/** Checked and encoded writes by key: `undefined` deletes. */
type WriteBatch = ReadonlyMap<string, Uint8Array | undefined>;

/** The writing half of a handle: checks and encodes at once, then hands over to the writer. */
export class Writes {
  readonly #namespace: string;
  readonly #writer: Writer;
  readonly #values: Values;
  readonly #schemas: KeySchemas;
  readonly #walk: StoreWalk;
  readonly #failures: WriteFailure[] = [];
  #failed = 0;
  /** The checks that are under way: writes are made in the order of the calls. */
  #checking: Promise<unknown> = Promise.resolve();
  #isOpen = true;

  constructor(namespace: string, writer: Writer, values: Values, schemas: KeySchemas, walk: StoreWalk) {
    this.#namespace = namespace;
    this.#writer = writer;
    this.#values = values;
    this.#schemas = schemas;
    this.#walk = walk;
  }

  assign(key: string, value: unknown): void {
    this.#check(key);
    this.#writer.write(key, this.#values.encode(this.#schemas.check(key, value)));
  }

  remove(key: string): void {
    this.#check(key);
    this.#writer.write(key, undefined);
  }

  /** Resolves the version. */
  async set(key: string, value: unknown, signal: AbortSignal | undefined): Promise<string> {
    const encoded = this.#encode(key, value);
    const bytes = types.isPromise(encoded) ? await encoded : encoded;
    await this.#write(new Map([[key, bytes]]), signal);
    return versionOf(bytes);
  }

  async setMany(entries: Iterable<readonly [string, unknown]>, signal: AbortSignal | undefined): Promise<void> {
    const batch = await prepare(entries, ([key, value]) => [key, this.#encode(key, value)] as const);
    await this.#write(batch, signal);
  }

  /** Resolves whether the key was there. */
  async delete(key: string, signal: AbortSignal | undefined): Promise<boolean> {
    this.#check(key);
    return (await this.#write(new Map([[key, undefined]]), signal)) === 1;
  }

  /** Resolves how many of the keys were there. */
  async deleteMany(keys: Iterable<string>, signal: AbortSignal | undefined): Promise<number> {
    const batch = await prepare(keys, (key) => {
      this.#check(key);
      return [key, undefined] as const;
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
    await abortable(this.#writer.settled(), signal);
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
    if (!this.#isOpen) throw new ClosedError(this.#namespace);
  }

  #check(key: string): void {
    assertKey(key);
    this.#assertOpen();
  }

  /** The bytes to store, or a promise of them where the schema is asynchronous. */
  #encode(key: string, value: unknown): Uint8Array | Promise<Uint8Array> {
    this.#check(key);
    const checked = this.#schemas.checkSoon(key, value);
    // A promise that was given as the value is not waited for: the codec refuses it.
    const isUnderWay = checked !== value && types.isPromise(checked);
    return isUnderWay ? this.#encodeInTurn(checked) : this.#values.encode(checked);
  }

  async #encodeInTurn(checked: Promise<unknown>): Promise<Uint8Array> {
    const before = this.#checking;
    this.#checking = Promise.allSettled([before, checked]);
    await before;
    return this.#values.encode(await checked);
  }

  /** Resolves the number of keys that were there before. */
  async #write(batch: WriteBatch, signal: AbortSignal | undefined): Promise<number> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const countdown = new Countdown(batch.size);
    const handed: string[] = [];
    void this.#hand(batch, countdown, handed, signal);
    if (signal === undefined) return countdown.done;
    return orAbort(countdown.done, signal, () => this.#cancel(handed, countdown, signal));
  }

  /** Hands over to the writer. */
  async #hand(
    batch: WriteBatch,
    countdown: Countdown,
    handed: string[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let count = 0;
    for (const [key, bytes] of batch) {
      if (signal?.aborted === true) return;
      try {
        this.#assertOpen();
        this.#writer.write(key, bytes, countdown);
        handed.push(key);
      } catch (error) {
        countdown.failed(error as NearDictError);
      }
      if (++count % HANDED_AT_ONCE === 0) await nextTurn();
    }
  }

  #cancel(handed: readonly string[], countdown: Countdown, signal: AbortSignal): Error {
    const cancelled = handed.filter((key) => this.#writer.cancel(key, countdown));
    return cancelled.length === handed.length ? (signal.reason as Error) : givenUpTooLate(signal);
  }

  async #clear(signal: AbortSignal | undefined, onSend: () => void): Promise<void> {
    await this.#writer.settled();
    let chunk: string[] = [];
    for await (const keys of this.#walk.keys({ signal })) {
      chunk.push(...keys);
      while (chunk.length > CLEAR_CHUNK) {
        onSend();
        await this.deleteMany(chunk.slice(0, CLEAR_CHUNK), undefined);
        signal?.throwIfAborted();
        chunk = chunk.slice(CLEAR_CHUNK);
      }
    }
    signal?.throwIfAborted();
    onSend();
    await this.#writer.clear(chunk);
  }
}

/** A later item of the same key replaces the earlier one. Pauses now and then, so that nothing else waits long. */
async function prepare<I>(
  items: Iterable<I>,
  toWrite: (item: I) => readonly [string, Uint8Array | Promise<Uint8Array> | undefined],
): Promise<WriteBatch> {
  const batch = new Map<string, Uint8Array | undefined>();
  const pace = new Pace();
  let count = 0;
  for (const item of items) {
    const [key, bytes] = toWrite(item);
    batch.set(key, types.isPromise(bytes) ? await bytes : bytes);
    if (++count % ENCODED_AT_ONCE === 0 && pace.isPauseDue) await pace.pause();
  }
  return batch;
}

function givenUpTooLate(signal: AbortSignal): AmbiguousWriteError {
  return new AmbiguousWriteError(
    'The write was given up after it, or a part of it, was sent, or it shared its call with another write of the key.',
    { cause: signal.reason },
  );
}
