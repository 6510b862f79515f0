import { Entry } from '../cache/entry.ts';
import type { Reply } from '../cache/reply.ts';
import type { Block, PartitionId, Snapshot, Space } from '../store/store.ts';
import { type AskForBlock, eachBlock } from './blocks.ts';
import type { Departure } from './departure.ts';
import type { Partition } from './partition.ts';

/** Most keys asked for in one command: a reply of this size is decoded within a few milliseconds. */
const MAX_KEYS = 1024;

/** Keys that are asked for in one command, and the promise that all their replies hang on: one each would cost more than the rest. */
interface Batch {
  readonly keys: string[];
  readonly replies: Promise<readonly Reply[]>;
  readonly resolve: (replies: readonly Reply[]) => void;
  readonly reject: (error: unknown) => void;
}

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
  #queue = new Map<string, Promise<Reply>>();
  #batches: Batch[] = [];

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

  /** Asks the store after this call: the reply is never older than this moment. It is to be awaited at once. */
  readFresh(key: string): Promise<Reply> {
    const queued = this.#queue.get(key);
    if (queued !== undefined) return queued;
    const { keys, replies } = this.#batchWithRoom();
    const index = keys.push(key) - 1;
    const reply = replies.then((all) => all[index] as Reply);
    this.#queue.set(key, reply);
    this.misses++;
    return reply;
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

  #batchWithRoom(): Batch {
    const last = this.#batches.at(-1);
    if (last !== undefined && last.keys.length < MAX_KEYS) return last;
    if (last === undefined)
      process.nextTick(() => {
        this.#sendQueue();
      });
    const batch = newBatch();
    this.#batches.push(batch);
    return batch;
  }

  #sendQueue(): void {
    const queue = this.#queue;
    const batches = this.#batches;
    this.#queue = new Map();
    this.#batches = [];
    for (const batch of batches) this.#send(batch, queue);
  }

  #send(batch: Batch, queue: ReadonlyMap<string, Promise<Reply>>): void {
    const departure = this.#partition.depart();
    for (const key of batch.keys) {
      this.#partition.guard.enter(key);
      this.#partition.guard.share(key, queue.get(key) as Promise<Reply>, departure.sentAt);
    }
    this.#space.read(this.#id, batch.keys, performance.now() + this.#timeoutMs).then(
      (snapshot) => {
        batch.resolve(this.#receive(batch.keys, snapshot, departure));
      },
      (error: unknown) => {
        for (const key of batch.keys) {
          this.#partition.guard.unshare(key, queue.get(key) as Promise<Reply>);
          this.#partition.guard.leave(key);
        }
        batch.reject(error);
      },
    );
  }

  #receive(keys: readonly string[], { position, values, ttls }: Snapshot, departure: Departure): readonly Reply[] {
    this.#partition.observe(position, departure);
    return keys.map((key, index) => {
      const reply = this.#toReply(values[index], ttls?.[index], departure);
      this.#partition.fill(key, reply.entry, position, departure);
      this.#partition.guard.leave(key);
      return reply;
    });
  }

  #toReply(bytes: Uint8Array | undefined, ttlMs: number | undefined, { sentAt }: Departure): Reply {
    if (bytes !== undefined) this.bytesIn += bytes.length;
    const entry = new Entry(bytes).livingFor(ttlMs, sentAt);
    return { bytes, entry, expiresAt: sentAt + (ttlMs ?? Number.POSITIVE_INFINITY) };
  }
}

function newBatch(): Batch {
  let resolve!: (replies: readonly Reply[]) => void;
  let reject!: (error: unknown) => void;
  const replies = new Promise<readonly Reply[]>((onReplies, onError) => {
    resolve = onReplies;
    reject = onError;
  });
  return { keys: [], replies, resolve, reject };
}
