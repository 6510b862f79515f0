import type { NearCache } from '../cache/nearCache.ts';
import type { Following } from '../coherence/following.ts';
import type { Partition } from '../coherence/partition.ts';
import type { Reader } from '../coherence/reader.ts';
import type { Writer } from '../write/writer.ts';
import type { LocalReads } from './localReads.ts';
import type { DictStats } from './nearDict.ts';

/** Where the counts are kept. */
interface Counted {
  /** Milliseconds, on the scale of `freshAsOf`. */
  readonly now: () => number;
  readonly cache: NearCache;
  readonly partitions: readonly Partition[];
  readonly following: Following;
  readonly readers: readonly Reader[];
  readonly reads: LocalReads;
  readonly writer: Writer;
}

export function collectStats({ now, cache, partitions, following, readers, reads, writer }: Counted): DictStats {
  const hits = sum(partitions, (partition) => partition.hits) + reads.pendingHits;
  const misses = sum(readers, (reader) => reader.misses);
  const { dirty, edits, flushes, flushedWrites, conflicts } = writer.counts;
  return {
    hits,
    misses,
    hitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
    fillsRefused: sum(partitions, (partition) => partition.fillsRefused),
    messages: sum(partitions, ({ counts }) => counts.messages),
    gaps: sum(partitions, ({ counts }) => counts.gaps),
    repairs: sum(partitions, ({ counts }) => counts.repairs),
    entries: cache.count(),
    pendingWrites: writer.pending.size,
    dirty,
    edits,
    flushes,
    coalescing: flushedWrites === 0 ? 1 : (edits - dirty) / flushedWrites,
    conflicts,
    bytesIn: sum(readers, (reader) => reader.bytesIn),
    bytesOut: writer.bytesOut,
    lag: now() - Math.min(...following.partitions.map((partition) => partition.freshAsOf)),
  };
}

function sum<I>(items: readonly I[], numberOf: (item: I) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
