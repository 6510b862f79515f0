import type { Reply } from '../cache/reply.ts';
import type { Reader } from '../coherence/reader.ts';
import { UnavailableError } from '../errors.ts';
import { Deadlines } from '../store/deadline.ts';
import type { Writer } from './writer.ts';

/** Reads from the store that come behind the writes of this process. */
export class FreshReads {
  readonly #writer: Writer;
  readonly #readerOf: (key: string) => Reader;
  readonly #timeoutMs: number;
  readonly #deadlines = new Deadlines();

  constructor(writer: Writer, readerOf: (key: string) => Reader, timeoutMs: number) {
    this.#writer = writer;
    this.#readerOf = readerOf;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws {UnavailableError} The store did not answer, or an own write of the key has not ended in time. */
  read(key: string): Promise<Reply> {
    if (!this.#writer.pending.has(key)) return this.#readerOf(key).readFresh(key);
    const read = this.#writer.settled(key).then(() => this.#readerOf(key).readFresh(key));
    return this.#deadlines.within(read, performance.now() + this.#timeoutMs, writeUnderWay);
  }
}

function writeUnderWay(): UnavailableError {
  return new UnavailableError(
    'An own write of this key has not ended within `timeout`, and the read has to come after.',
  );
}
