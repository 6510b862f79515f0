import { Entry } from '../cache/entry.ts';
import type { Departure } from '../coherence/departure.ts';
import type { Partition } from '../coherence/partition.ts';
import { AmbiguousWriteError } from '../errors.ts';
import type { Batch, Deadline, PartitionId, Receipt, Space } from '../store/store.ts';
import { asWriteError } from './failures.ts';
import { pause } from './pause.ts';

/** Longest pause before a batch with a ticket is sent again, in milliseconds. */
const MAX_PAUSE_MS = 100;

/** Finds what is made of a write already. */
type EntryOf = (key: string, index: number) => Entry | undefined;

/** Sends batches of one partition, and takes into the cache what they leave in the store, or find there. */
export class Sender {
  /** Bytes of values sent. */
  bytesOut = 0;
  readonly #space: Space;
  readonly #id: PartitionId;
  readonly #partition: Partition;
  #isClosed = false;

  constructor(space: Space, id: PartitionId, partition: Partition) {
    this.#space = space;
    this.#id = id;
    this.#partition = partition;
  }

  /**
   * Sends a batch; one with a ticket again and again, until its outcome is known or the deadline has passed.
   *
   * @param entryOf - What readers of a key that is set share, by its place in `sets`, too; by default made of the bytes.
   * @throws {NearDictError} It was not applied, or (`AmbiguousWriteError`) that is not known.
   */
  async send(batch: Batch, deadline: Deadline, entryOf?: EntryOf): Promise<Receipt> {
    const { guard } = this.#partition;
    forEachKey(batch, (key) => guard.enter(key));
    try {
      const { receipt, departure } = await this.#write(batch, deadline);
      if (!this.#isClosed) this.#take(batch, receipt, departure, entryOf);
      return receipt;
    } catch (error) {
      const reason = asWriteError(error);
      const isUnknown = reason instanceof AmbiguousWriteError && !this.#isClosed;
      if (isUnknown) forEachKey(batch, (key) => this.#partition.acknowledgeUnknown(key));
      throw reason;
    } finally {
      forEachKey(batch, (key) => guard.leave(key));
    }
  }

  /** How what is under way ends does not matter any more. */
  close(): void {
    this.#isClosed = true;
  }

  async #write(
    batch: Batch,
    deadline: Deadline,
  ): Promise<{ readonly receipt: Receipt; readonly departure: Departure }> {
    let unknown: unknown;
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const departure = this.#partition.depart();
      try {
        return { receipt: await this.#space.write(this.#id, batch, deadline), departure };
      } catch (error) {
        if (asWriteError(error) instanceof AmbiguousWriteError) unknown = error;
        // A later attempt that was not applied says nothing of an earlier one.
        if (unknown === undefined || batch.ticket === undefined) throw error;
        if (this.#isClosed || performance.now() + pauseMs >= deadline) throw unknown;
      }
      await pause(pauseMs);
    }
  }

  #take(
    batch: Batch,
    { position, conflicts, isRepeated }: Receipt,
    departure: Departure,
    entryOf: EntryOf = () => undefined,
  ): void {
    if (conflicts !== undefined) {
      for (const { key, bytes, ttlMs } of conflicts) {
        this.#partition.fill(key, new Entry(bytes).livingFor(ttlMs, departure.sentAt), position, departure);
      }
      return;
    }
    const acknowledge = (key: string, entry: Entry): void => {
      if (isRepeated === true) this.#partition.acknowledgeUnknown(key);
      else this.#partition.acknowledge(key, entry, position, departure);
    };
    if (batch.deletes.length > 0) {
      const isSet = new Set(batch.sets.map(([key]) => key));
      for (const key of batch.deletes) if (!isSet.has(key)) acknowledge(key, new Entry(undefined));
    }
    batch.sets.forEach(([key, bytes, ttlMs], index) => {
      this.bytesOut += bytes.length;
      acknowledge(key, (entryOf(key, index) ?? new Entry(bytes)).livingFor(ttlMs, departure.sentAt));
    });
    if (batch.clear) this.#partition.acknowledgeClear(position);
  }
}

/** Tells every key that a batch changes or compares, some twice, perhaps. */
function forEachKey({ deletes, sets, conditions }: Batch, tell: (key: string) => void): void {
  deletes.forEach(tell);
  for (const [key] of sets) tell(key);
  conditions?.forEach(({ key }) => tell(key));
}
