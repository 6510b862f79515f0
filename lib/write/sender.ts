import { Entry } from '../cache/entry.ts';
import type { Flight } from '../cache/fillGuard.ts';
import type { Asked } from '../coherence/asked.ts';
import type { Departure } from '../coherence/departure.ts';
import type { Partition } from '../coherence/partition.ts';
import { AmbiguousWriteError } from '../errors.ts';
import type { Batch, Deadline, PartitionId, Receipt, Space } from '../store/store.ts';
import { asWriteError } from './failures.ts';
import { pause } from './pause.ts';
import { keysOf } from './writer.ts';

/** Longest pause before a batch with a ticket is sent again, in milliseconds. */
const MAX_PAUSE_MS = 100;

/** What is in flight of each of `keysOf` a batch. */
type Flights = readonly Flight<Asked>[];

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
    const flights = keysOf(batch).map((key) => guard.enter(key));
    try {
      if (batch.ticket !== undefined) return await this.#sendUntilKnown(batch, deadline, flights, entryOf);
      const departure = this.#partition.depart();
      const receipt = await this.#space.write(this.#id, batch, deadline);
      this.#take(batch, receipt, departure, flights, entryOf);
      return receipt;
    } catch (error) {
      const reason = asWriteError(error);
      const isUnknown = reason instanceof AmbiguousWriteError && !this.#isClosed;
      if (isUnknown) for (const { key } of flights) this.#partition.acknowledgeUnknown(key);
      throw reason;
    } finally {
      for (const flight of flights) guard.end(flight);
    }
  }

  /** How what is under way ends does not matter any more. */
  close(): void {
    this.#isClosed = true;
  }

  async #sendUntilKnown(
    batch: Batch,
    deadline: Deadline,
    flights: Flights,
    entryOf: EntryOf | undefined,
  ): Promise<Receipt> {
    let unknown: unknown;
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const departure = this.#partition.depart();
      let receipt: Receipt | undefined;
      try {
        receipt = await this.#space.write(this.#id, batch, deadline);
      } catch (error) {
        if (asWriteError(error) instanceof AmbiguousWriteError) unknown = error;
        // A later attempt that was not applied says nothing of an earlier one.
        if (unknown === undefined) throw error;
        if (this.#isClosed || performance.now() + pauseMs >= deadline) throw unknown;
      }
      if (receipt !== undefined) {
        this.#take(batch, receipt, departure, flights, entryOf);
        return receipt;
      }
      await pause(pauseMs);
    }
  }

  #take(
    { deletes, sets, clear }: Batch,
    { position, conflicts, isRepeated }: Receipt,
    departure: Departure,
    flights: Flights,
    entryOf: EntryOf | undefined,
  ): void {
    if (this.#isClosed) return;
    if (conflicts !== undefined) {
      for (const { key, bytes, ttlMs } of conflicts) {
        this.#partition.fill(key, new Entry(bytes).livingFor(ttlMs, departure.sentAt), position, departure);
      }
      return;
    }
    const acknowledge = (key: string, entry: Entry, flight: Flight | undefined): void => {
      if (isRepeated === true) this.#partition.acknowledgeUnknown(key);
      else this.#partition.acknowledge(key, entry, position, departure, flight);
    };
    if (deletes.length > 0) {
      const isSet = new Set(sets.map(([key]) => key));
      deletes.forEach((key, index) => {
        if (!isSet.has(key)) acknowledge(key, new Entry(undefined), flights[index]);
      });
    }
    sets.forEach(([key, bytes, ttlMs], index) => {
      this.bytesOut += bytes.length;
      const entry = (entryOf?.(key, index) ?? new Entry(bytes)).livingFor(ttlMs, departure.sentAt);
      acknowledge(key, entry, flights[deletes.length + index]);
    });
    if (clear) this.#partition.acknowledgeClear(position);
  }
}
