/**
 * Where a partition stands: the number of writes it has seen and a random mark of the last one.
 *
 * Two histories that were split by a failover can reach the same number; they never carry the same mark.
 */
export interface Position {
  /** Number of write calls so far: 0 for a partition that was never written. */
  readonly seq: number;
  /**
   * 48 bits of the write that made this position, as a number; 0 with `seq` 0. The highest bit says that some write of
   * the partition so far had a time to live; the others are random.
   */
  readonly nonce: number;
}

/** The bit of a nonce that says so. */
export const TTL_MARK: number = 2 ** 47;

/** The position of a partition that was never written. */
export const ORIGIN: Position = { seq: 0, nonce: 0 };

export function samePosition(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.nonce === b.nonce;
}

/** Whether some write of the partition so far had a time to live. */
export function hasTtls(position: Position): boolean {
  return position.nonce >= TTL_MARK;
}
