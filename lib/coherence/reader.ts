import { Entry } from '../cache/entry.ts';
import type { Reply } from '../cache/reply.ts';
import type { Block, PartitionId, Snapshot, Space } from '../store/store.ts';
import { Asked, Batch, type Decode } from './asked.ts';
import { type AskForBlock, eachBlock } from './blocks.ts';
import type { Departure } from './departure.ts';
import type { Partition } from './partition.ts';

/** Most keys asked for in one command: a reply of this size is decoded within a few milliseconds. */
const MAX_KEYS = 1024;

/** Gets a key and what it holds; the entry that was made of it, where one was needed. */
export type Take = (key: string, bytes: Uint8Array | undefined, entry?: Entry) => void;

/** Reads one partition from the store: the reads of a tick go out together, and reads of one key share a request. */
export class Reader {
  /** Keys asked of the store. */
  misses = 0;
  /** Bytes of values received. */
  bytesIn = 0;
  readonly #space: Space;
  readonly #id: PartitionId;
  readonly #partition: Partition;
  readonly #timeoutMs: number;
  readonly #decode: Decode;
  /** To be sent at the end of the tick. */
  #batches: Batch[] = [];

  /** @param decode - What makes values of replies. */
  constructor(space: Space, id: PartitionId, partition: Partition, timeoutMs: number, decode: Decode) {
    this.#space = space;
    this.#id = id;
    this.#partition = partition;
    this.#timeoutMs = timeoutMs;
    this.#decode = decode;
  }

  /** Joins a read of the key that is under way and was not overtaken, else asks the store. */
  read(key: string): Asked {
    return this.#partition.shared(key) ?? this.#ask(key);
  }

  /** Asks the store after this call: the reply is never older than this moment. */
  readFresh(key: string): Promise<Reply> {
    return (this.#partition.waiting(key) ?? this.#ask(key)).reply();
  }

  /**
   * Asks the store for many keys at once, for a walk over the whole dictionary: what is cached is brought up to date,
   * and nothing else enters the cache.
   */
  async readBeside(keys: readonly string[]): Promise<readonly Reply[]> {
    const departure = this.#partition.depart();
    for (const key of keys) this.#partition.guard.enter(key);
    try {
      const { position, values, ttls } = await this.#space.read(this.#id, keys, performance.now() + this.#timeoutMs);
      this.#partition.observe(position, departure);
      return keys.map((key, index) => {
        const reply = this.#toReply(values[index], ttls?.[index], departure);
        this.#partition.refresh(key, reply.entry, position, departure);
        return reply;
      });
    } finally {
      for (const key of keys) this.#partition.guard.leave(key);
    }
  }

  /**
   * Asks the store for everything, block after block, for such a walk, too.
   *
   * @param take - Gets each key and what it holds, and the entry that was made of it where one was needed.
   */
  async readAllBeside(ask: AskForBlock, take: Take): Promise<void> {
    const { guard } = this.#partition;
    const heard = guard.listen();
    const takeBlock = (block: Block, departure: Departure): boolean => {
      this.#partition.observe(block.position, departure);
      const isNews = !this.#partition.hasApplied(block.position);
      block.keys.forEach((key, index) => {
        const bytes = block.values[index];
        if (isNews || this.#partition.isCached(key)) {
          const { entry } = this.#toReply(bytes, block.ttls?.[index], departure);
          guard.enter(key, heard.get(key));
          this.#partition.refresh(key, entry, block.position, departure);
          guard.leave(key);
          take(key, bytes, entry);
        } else {
          this.bytesIn += bytes?.length ?? 0;
          take(key, bytes);
        }
      });
      return true;
    };
    try {
      await eachBlock(ask, () => this.#partition.depart(), takeBlock);
    } finally {
      guard.unlisten(heard);
    }
  }

  #ask(key: string): Asked {
    const batch = this.#batchWithRoom();
    const read = new Asked(key, batch, this.#partition.guard);
    batch.reads.push(read);
    this.misses++;
    return read;
  }

  #batchWithRoom(): Batch {
    const last = this.#batches.at(-1);
    if (last !== undefined && last.reads.length < MAX_KEYS) return last;
    if (last === undefined)
      process.nextTick(() => {
        this.#sendAll();
      });
    const batch = new Batch(this.#decode);
    this.#batches.push(batch);
    return batch;
  }

  #sendAll(): void {
    const batches = this.#batches;
    this.#batches = [];
    for (const batch of batches) this.#send(batch);
  }

  #send(batch: Batch): void {
    const { reads } = batch;
    const { guard } = this.#partition;
    const departure = this.#partition.depart();
    batch.departure = departure;
    for (const { flight } of reads) flight.count++;
    const keys = reads.map(({ key }) => key);
    this.#space.read(this.#id, keys, performance.now() + this.#timeoutMs).then(
      (snapshot) => {
        this.#receive(reads, snapshot, departure);
        batch.arrived();
      },
      (error: unknown) => {
        for (const read of reads) {
          read.flight.unshare(read);
          guard.end(read.flight);
        }
        batch.failed(error);
      },
    );
  }

  #receive(reads: readonly Asked[], { position, values, ttls }: Snapshot, departure: Departure): void {
    const { guard, now } = this.#partition;
    this.#partition.observe(position, departure);
    for (const [index, read] of reads.entries()) {
      const bytes = values[index];
      if (bytes !== undefined) this.bytesIn += bytes.length;
      read.answer(bytes, ttls?.[index], departure.sentAt);
      this.#partition.fill(read.key, read.entry, position, departure, read.flight, now);
      guard.end(read.flight);
    }
  }

  #toReply(bytes: Uint8Array | undefined, ttlMs: number | undefined, { sentAt }: Departure): Reply {
    if (bytes !== undefined) this.bytesIn += bytes.length;
    const entry = new Entry(bytes).livingFor(ttlMs, sentAt);
    return { bytes, entry, expiresAt: sentAt + (ttlMs ?? Number.POSITIVE_INFINITY) };
  }
}
