import type { Partitioner } from './partitioner.ts';
import type { Batch, Condition, Deadline, PartitionId, Space } from './store.ts';
import { versionOf } from './version.ts';

/** One end of a copy. */
export interface Side {
  readonly space: Space;
  readonly partitionOf: Partitioner;
}

export interface CopyOptions {
  /** Replaces values of the target that differ; without, they stay. */
  readonly overwrites: boolean;
  /** Longest time of each step, in milliseconds. */
  readonly stepMs: number;
  readonly onProgress: (counts: CopyCounts) => void;
}

/** Keys, by what became of them. */
export interface CopyCounts {
  /** Written by this copy. */
  readonly copied: number;
  /** Equal in source and target before. */
  readonly same: number;
  /** With another value in the target, which has stayed, or came meanwhile. */
  readonly differing: number;
}

/** Keys of a source, by what the target has under them. */
export interface Comparison {
  readonly same: number;
  readonly differing: number;
  readonly missing: number;
}

/** What is stored under a key. */
export interface StoredEntry {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Milliseconds that it has left to live; `undefined`: no limit. */
  readonly ttlMs: number | undefined;
}

/** Keys per step: few enough for values of the largest size. */
export const STEP_KEYS = 100;

/**
 * Copies entries into a space, with the time they have left to live. Each is written only over what was compared with it,
 * and announced as any other write. Nothing is deleted.
 *
 * @param batches - A key stands at most once in each.
 */
export async function copyEntries(
  batches: AsyncIterable<readonly StoredEntry[]>,
  to: Side,
  options: CopyOptions,
): Promise<CopyCounts> {
  const counts = { copied: 0, same: 0, differing: 0 };
  for await (const entries of batches) {
    const present = await readAll(to, keysOf(entries), options.stepMs);
    const wanted = entries.filter(({ key, bytes }) => {
      const other = present.get(key)?.bytes;
      if (other === undefined) return true;
      if (versionOf(other) === versionOf(bytes)) counts.same++;
      else if (options.overwrites) return true;
      else counts.differing++;
      return false;
    });
    for (const [partition, some] of groupBy(wanted, ({ key }) => to.partitionOf(key))) {
      const conditions = some.map(({ key }) => conditionFor(key, present.get(key)?.bytes));
      const written = await writeAll(to.space, partition, some, conditions, options.stepMs);
      counts.copied += written;
      counts.differing += some.length - written;
    }
    options.onProgress(counts);
  }
  return counts;
}

/** Compares all entries of one space with what another has. */
export async function compareEntries(from: Side, to: Side, stepMs: number): Promise<Comparison> {
  const found = { same: 0, differing: 0, missing: 0 };
  for await (const entries of entriesOf(from, stepMs)) {
    const present = await readAll(to, keysOf(entries), stepMs);
    for (const { key, bytes } of entries) {
      const other = present.get(key)?.bytes;
      if (other === undefined) found.missing++;
      else if (versionOf(other) === versionOf(bytes)) found.same++;
      else found.differing++;
    }
  }
  return found;
}

/** All entries whose keys start with `prefix`, in batches. `stepMs`: longest time of each step. */
export async function* entriesOf(
  side: Side,
  stepMs: number,
  prefix: string = '',
): AsyncGenerator<readonly StoredEntry[]> {
  for await (const keys of side.space.scan(prefix, () => deadlineIn(stepMs))) {
    for (let at = 0; at < keys.length; at += STEP_KEYS)
      yield [...(await readAll(side, keys.slice(at, at + STEP_KEYS), stepMs)).values()];
  }
}

/** The entries of some keys; those that are missing are left out. */
export async function readAll(
  { space, partitionOf }: Side,
  keys: readonly string[],
  stepMs: number,
): Promise<Map<string, StoredEntry>> {
  const entries = new Map<string, StoredEntry>();
  for (const [partition, some] of groupBy(keys, partitionOf)) {
    const { values, ttls } = await space.read(partition, some, deadlineIn(stepMs));
    for (const [index, key] of some.entries()) {
      const bytes = values[index];
      if (bytes !== undefined) entries.set(key, { key, bytes, ttlMs: ttls?.[index] });
    }
  }
  return entries;
}

/** Writes those whose conditions hold; returns how many. */
async function writeAll(
  space: Space,
  partition: PartitionId,
  entries: readonly StoredEntry[],
  conditions: readonly Condition[],
  stepMs: number,
): Promise<number> {
  if (entries.length === 0) return 0;
  const sets = entries.map(({ key, bytes, ttlMs }) => [key, bytes, ttlMs && Math.max(1, ttlMs)] as const);
  const batch: Batch = { deletes: [], sets, clear: false, conditions };
  const { conflicts } = await space.write(partition, batch, deadlineIn(stepMs));
  if (conflicts === undefined) return entries.length;
  const changed = new Set(conflicts.map(({ key }) => key));
  const isLeft = ({ key }: { readonly key: string }): boolean => !changed.has(key);
  return writeAll(space, partition, entries.filter(isLeft), conditions.filter(isLeft), stepMs);
}

function conditionFor(key: string, bytes: Uint8Array | undefined): Condition {
  return { key, version: bytes === undefined ? null : versionOf(bytes) };
}

function keysOf(entries: readonly StoredEntry[]): string[] {
  return entries.map(({ key }) => key);
}

function deadlineIn(ms: number): Deadline {
  return performance.now() + ms;
}

function groupBy<I>(items: readonly I[], partitionOf: (item: I) => PartitionId): Map<PartitionId, I[]> {
  const groups = new Map<PartitionId, I[]>();
  for (const item of items) {
    const partition = partitionOf(item);
    const group = groups.get(partition);
    if (group === undefined) groups.set(partition, [item]);
    else group.push(item);
  }
  return groups;
}
