/** The names of one partition in Redis. */
export interface PartitionNames {
  /** In front of every key. */
  readonly keyPrefix: string;
  /** Announces batches that write. */
  readonly updateChannel: string;
  /** Announces batches that only delete. */
  readonly deleteChannel: string;
  /** The position: 6 bytes sequence number, 6 bytes nonce. */
  readonly position: string;
  /** The change log: a list, newest call first. */
  readonly log: string;
  /** Never exists; deleting it lets a script that only deletes run when the memory of the server is full. */
  readonly nothing: string;
}

/** Data keys stand behind `/`, everything else behind `#`, so that no key of a user meets ours. */
export function partitionNames(namespace: string): PartitionNames {
  return {
    keyPrefix: `${namespace}/`,
    updateChannel: `${namespace}/update`,
    deleteChannel: `${namespace}/delete`,
    position: `${namespace}#position`,
    log: `${namespace}#log`,
    nothing: `${namespace}#nothing`,
  };
}

/** The layout record of a namespace. */
export function metaKey(namespace: string): string {
  return `${namespace}#meta`;
}

/** A SCAN pattern for the keys that start with `prefix`. */
export function scanPattern(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]^]/g, String.raw`\$&`)}*`;
}
