import { Entry } from '../cache/entry.ts';
import type { Reply } from '../cache/reply.ts';
import type { PartitionId, Snapshot, Space } from '../store/store.ts';
import type { Departure } from './departure.ts';
import type { Partition } from './partition.ts';

/** Most keys asked for in one command: a reply of this size is decoded within a few milliseconds. */
const MAX_KEYS = 1024;

interface QueuedRead {
  readonly reply: Promise<Reply>;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

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
  #queue = new Map<string, QueuedRead>();

  constructor(space: Space, id: PartitionId, partition: Partition, timeoutMs: number) {
    this.#space = space;
    this.#id = id;
    this.#partition = partition;
    this.#timeoutMs = timeoutMs;
  }

  /** Joins a read of the key that is under way and was not overtaken, else asks the store. */
  read(key: string): Promise<Reply> {
    return this.#partition.shared(key) ?? this.readFresh(key);
  }

  /** Asks the store after this call: the reply is never older than this moment. */
  readFresh(key: string): Promise<Reply> {
    const queued = this.#queue.get(key);
    if (queued !== undefined) return queued.reply;
    if (this.#queue.size === 0)
      process.nextTick(() => {
        this.#sendQueue();
      });
    const read = deferRead();
    this.#queue.set(key, read);
    this.misses++;
    return read.reply;
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

  #sendQueue(): void {
    const queue = this.#queue;
    this.#queue = new Map();
    if (queue.size <= MAX_KEYS) {
      this.#send(queue);
      return;
    }
    const reads = [...queue];
    for (let at = 0; at < reads.length; at += MAX_KEYS) this.#send(new Map(reads.slice(at, at + MAX_KEYS)));
  }

  #send(reads: ReadonlyMap<string, QueuedRead>): void {
    const departure = this.#partition.depart();
    for (const [key, { reply }] of reads) {
      this.#partition.guard.enter(key);
      this.#partition.guard.share(key, reply, departure.sentAt);
    }
    this.#space.read(this.#id, [...reads.keys()], performance.now() + this.#timeoutMs).then(
      (snapshot) => {
        this.#receive(reads, snapshot, departure);
      },
      (error: unknown) => {
        this.#fail(reads, error);
      },
    );
  }

  #receive(reads: ReadonlyMap<string, QueuedRead>, snapshot: Snapshot, departure: Departure): void {
    this.#partition.observe(snapshot.position, departure);
    let index = 0;
    for (const [key, read] of reads) {
      const reply = this.#toReply(snapshot.values[index], snapshot.ttls?.[index], departure);
      index++;
      this.#partition.fill(key, reply.entry, snapshot.position, departure);
      this.#partition.guard.leave(key);
      read.resolve(reply);
    }
  }

  #toReply(bytes: Uint8Array | undefined, ttlMs: number | undefined, { sentAt }: Departure): Reply {
    if (bytes !== undefined) this.bytesIn += bytes.length;
    const entry = new Entry(bytes).livingFor(ttlMs, sentAt);
    return { bytes, entry, expiresAt: sentAt + (ttlMs ?? Number.POSITIVE_INFINITY) };
  }

  #fail(reads: ReadonlyMap<string, QueuedRead>, error: unknown): void {
    for (const [key, read] of reads) {
      this.#partition.guard.leave(key);
      read.reject(error);
    }
  }
}

function deferRead(): QueuedRead {
  let resolve!: (reply: Reply) => void;
  let reject!: (error: unknown) => void;
  const reply = new Promise<Reply>((onReply, onError) => {
    resolve = onReply;
    reject = onError;
  });
  // A reader that joins later may be the only one; until then a failure concerns nobody.
  reply.catch(() => {});
  return { reply, resolve, reject };
}
