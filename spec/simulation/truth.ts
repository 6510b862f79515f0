import { type Partitioner, partitioner } from '../../lib/store/partitioner.ts';
import type { Batch, PartitionId } from '../../lib/store/store.ts';
import { versionOf } from '../../lib/store/version.ts';
import { decodeNumber, numberCodec } from './numberCodec.ts';

export const KEYS = ['a', 'b', 'c'] as const;

/** A value that a key had in the store, from a step and a time on. */
export interface Version {
  readonly value: number | undefined;
  readonly at: number;
  readonly step: number;
  /** It came back in a failover. Who never heard of what was lost has nothing to tell. */
  readonly isRestored: boolean;
}

/** Everything that the keys ever were in the store. No value is written twice. */
export class Truth {
  /** All partitions. */
  readonly partitions: readonly PartitionId[];
  readonly partitionOf: Partitioner;
  readonly #versions = new Map<string, Version[]>(
    KEYS.map((key) => [
      key,
      [{ value: undefined, at: Number.NEGATIVE_INFINITY, step: Number.NEGATIVE_INFINITY, isRestored: false }],
    ]),
  );
  readonly #values = new Map<string, number>();
  readonly #written = new Set<number>();
  readonly #refused = new Set<number>();
  #lastValue = 0;

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, (_, id) => id);
    this.partitionOf = partitioner(partitions);
  }

  keysOf(partition: PartitionId): readonly string[] {
    return KEYS.filter((key) => this.partitionOf(key) === partition);
  }

  /** A value that was never used. */
  newValue(): number {
    this.#lastValue++;
    this.#values.set(versionOf(numberCodec.encode(this.#lastValue)), this.#lastValue);
    return this.#lastValue;
  }

  /** The value with this digest; `undefined` for a deleted key. */
  valueOf(version: string | null | undefined): number | undefined {
    return this.#values.get(version ?? '');
  }

  versionsOf(key: string): readonly Version[] {
    return this.#versions.get(key) as Version[];
  }

  lastIndex(key: string): number {
    return this.versionsOf(key).length - 1;
  }

  last(key: string): Version {
    return this.versionsOf(key).at(-1) as Version;
  }

  wasWritten(value: number): boolean {
    return this.#written.has(value);
  }

  /** Somebody was told that the value never gets into the store. */
  refuse(value: number): void {
    this.#refused.add(value);
  }

  wasRefused(value: number): boolean {
    return this.#refused.has(value);
  }

  /** Returns what the batch leaves under its keys. */
  apply(batch: Batch, step: number, at: number): ReadonlyMap<string, number | undefined> {
    const contents = contentsOf(batch);
    for (const [key, value] of contents) {
      this.#push(key, { value, at, step, isRestored: false });
      if (value !== undefined) this.#written.add(value);
    }
    return contents;
  }

  wipe(step: number, at: number): void {
    for (const key of KEYS) {
      if (this.last(key).value !== undefined) this.#push(key, { value: undefined, at, step, isRestored: false });
    }
  }

  restore(key: string, value: number | undefined, step: number, at: number): void {
    this.#push(key, { value, at, step, isRestored: true });
  }

  #push(key: string, version: Version): void {
    this.#versions.get(key)?.push(version);
  }
}

/** What a batch leaves under its keys. */
export function contentsOf(batch: Batch): ReadonlyMap<string, number | undefined> {
  const contents = new Map<string, number | undefined>(batch.deletes.map((key) => [key, undefined]));
  for (const [key, bytes] of batch.sets) contents.set(key, decodeNumber(bytes));
  return contents;
}
