import { ConfigError } from '../errors.ts';
import type { PartitionId } from './store.ts';

/** Names the way from keys to partitions in the layout record: programs that differ in it would miss each other's keys. */
export const KEY_HASH = 'fnv1a-mixed';

/** Finds the partition of a key. */
export type Partitioner = (key: string) => PartitionId;

/**
 * Spreads keys evenly: FNV-1a of 32 bits over the key's UTF-8 bytes, mixed, times the number of partitions, divided by
 * 2 ** 32. `docs/partitions.md` has test vectors for other languages.
 *
 * @param partitions - 1 to 16384.
 * @param partitionBy - What to hash instead of the key, so that related keys stay together.
 */
export function partitioner(partitions: number, partitionBy: (key: string) => string = (key) => key): Partitioner {
  if (partitions === 1) return () => 0;
  return (key) => {
    const text = partitionBy(key);
    if (typeof text !== 'string') throw new ConfigError("The option 'partitionBy' must return a string for every key.");
    return Math.floor((mixed(fnv1a(text)) / 2 ** 32) * partitions);
  };
}

/** Tells whether a key that somebody else has named is one of the partition. */
export function owning(partitionOf: Partitioner, id: PartitionId): (key: string) => boolean {
  return (key) => {
    try {
      return partitionOf(key) === id;
    } catch {
      // The function of a user need not know every key.
      return false;
    }
  };
}

/** FNV-1a, 32 bits, of the text's UTF-8 bytes. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return fnv1aOfBytes(Buffer.from(text));
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return hash >>> 0;
}

function fnv1aOfBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Lets every bit of the hash decide about the partition, as MurmurHash3 ends: short keys differ in few bits (measured). */
export function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return (whole ^ (whole >>> 16)) >>> 0;
}
