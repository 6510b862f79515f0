import type { Values } from '../codec/values.ts';
import { AmbiguousWriteError, ClosedError, FlushError, type NearDictError, type WriteFailure } from '../errors.ts';
import { versionOf } from '../store/version.ts';
import { Countdown } from '../write/countdown.ts';
import type { Writer } from '../write/writer.ts';
import { abortable, orAbort } from './abortable.ts';
import { assertKey } from './keys.ts';
import type { StoreWalk } from './storeWalk.ts';

/** Longest stretch of encoding without a pause, in milliseconds. */
const MAX_ENCODING_MS = 5;
/** Keys deleted in one call of `clear()`. */
const CLEAR_CHUNK = 1000;
/** Failures that `FlushError.errors` lists. */
const MAX_FAILURES = 1000;

/** One write: `undefined` deletes. */
type Write = readonly [key: string, bytes: Uint8Array | undefined];

/** The writing half of a handle: checks and encodes at once, then hands over to the writer. */
export class Writes {
  readonly #namespace: string;
  readonly #writer: Writer;
  readonly #values: Values;
  readonly #walk: StoreWalk;
  readonly #failures: WriteFailure[] = [];
  #failed = 0;
  #isOpen = true;

  constructor(namespace: string, writer: Writer, values: Values, walk: StoreWalk) {
    this.#namespace = namespace;
    this.#writer = writer;
    this.#values = values;
    this.#walk = walk;
  }

  assign(key: string, value: unknown): void {
    this.#writer.write(key, this.#encode(key, value));
  }

  remove(key: string): void {
    this.#check(key);
    this.#writer.write(key, undefined);
  }

  /** Resolves the version. */
  async set(key: string, value: unknown, signal: AbortSignal | undefined): Promise<string> {
    const bytes = this.#encode(key, value);
    await this.#write([[key, bytes]], signal);
    return versionOf(bytes);
  }

  async setMany(entries: Iterable<readonly [string, unknown]>, signal: AbortSignal | undefined): Promise<void> {
    await this.#write([...(await this.#encodeAll(entries))], signal);
  }

  /** Resolves how many of the keys were there. */
  async delete(keys: readonly string[], signal: AbortSignal | undefined): Promise<number> {
    for (const key of keys) this.#check(key);
    return this.#write(
      keys.map((key) => [key, undefined] as const),
      signal,
    );
  }

  async clear(signal: AbortSignal | undefined): Promise<void> {
    this.#assertOpen();
    signal?.throwIfAborted();
    await abortable(this.#clear(), signal);
  }

  /** Resolves when every write so far has ended, well or not. */
  async settled(): Promise<void> {
    this.#assertOpen();
    await this.#writer.settled();
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

  #encode(key: string, value: unknown): Uint8Array {
    this.#check(key);
    return this.#values.encode(value);
  }

  /** A later entry of the same key replaces the earlier one. Pauses now and then, so that nothing else waits long. */
  async #encodeAll(entries: Iterable<readonly [string, unknown]>): Promise<Map<string, Uint8Array>> {
    const encoded = new Map<string, Uint8Array>();
    let pauseAt = performance.now() + MAX_ENCODING_MS;
    for (const [key, value] of entries) {
      encoded.set(key, this.#encode(key, value));
      if (performance.now() < pauseAt) continue;
      await new Promise((resolve) => setImmediate(resolve));
      pauseAt = performance.now() + MAX_ENCODING_MS;
    }
    return encoded;
  }

  /** Resolves the number of keys that were there before. */
  async #write(writes: readonly Write[], signal: AbortSignal | undefined): Promise<number> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const countdown = new Countdown(writes.length);
    for (const [key, bytes] of writes) this.#hand(key, bytes, countdown);
    if (signal === undefined) return countdown.done;
    return orAbort(countdown.done, signal, () => this.#cancel(writes, countdown, signal));
  }

  #hand(key: string, bytes: Uint8Array | undefined, countdown: Countdown): void {
    try {
      this.#writer.write(key, bytes, countdown);
    } catch (error) {
      countdown.failed(error as NearDictError);
    }
  }

  #cancel(writes: readonly Write[], countdown: Countdown, signal: AbortSignal): Error {
    const cancelled = writes.filter(([key]) => this.#writer.cancel(key, countdown));
    if (cancelled.length === writes.length) return signal.reason as Error;
    return new AmbiguousWriteError(
      'The write was given up after it was sent, or it shared its call with another write of the key.',
      { cause: signal.reason },
    );
  }

  async #clear(): Promise<void> {
    await this.#writer.settled();
    let chunk: string[] = [];
    for await (const keys of this.#walk.keys()) {
      chunk.push(...keys);
      while (chunk.length > CLEAR_CHUNK) {
        await this.delete(chunk.slice(0, CLEAR_CHUNK), undefined);
        chunk = chunk.slice(CLEAR_CHUNK);
      }
    }
    await this.#writer.clear(chunk);
  }
}
