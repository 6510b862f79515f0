const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** The byte between what all names of a partition start with, and a key. */
export const SLASH = 0x2f;
/** What stands for bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

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
  /** In front of the holders of tickets. */
  readonly ticketPrefix: string;
  /** Never exists; deleting it lets a script that only deletes run when the memory of the server is full. */
  readonly nothing: string;
}

/**
 * Data keys stand behind `/`, everything else behind `#`, so that no key of a user meets ours.
 *
 * @param tag - Keeps what belongs to a partition in one hash slot; absent where there is one partition on one server.
 */
export function partitionNames(namespace: string, tag: string | undefined): PartitionNames {
  const start = tag === undefined ? namespace : `${namespace}{${tag}}`;
  return {
    keyPrefix: `${start}/`,
    updateChannel: `${start}/update`,
    deleteChannel: `${start}/delete`,
    position: `${start}#position`,
    log: `${start}#log`,
    ticketPrefix: `${start}#ticket:`,
    nothing: `${start}#nothing`,
  };
}

/** The layout record of a namespace. */
export function metaKey(namespace: string): string {
  return `${namespace}#meta`;
}

/** The channel on which those who have a namespace open are asked for, or the one of the answers to a question. */
export function peersChannel(namespace: string, mark?: string): string {
  return `${namespace}#peers${mark === undefined ? '' : `:${mark}`}`;
}

/** The namespace of a layout record; `undefined`: the name is none of a record. */
export function namespaceOfMeta(name: string): string | undefined {
  return /^([A-Za-z0-9_.:-]{1,64})#meta$/.exec(name)?.[1];
}

/** What all names of keys of the namespace start with, and nothing of another namespace. */
export function commonPrefix(namespace: string, hasTags: boolean): string {
  return namespace + (hasTags ? '{' : '/');
}

/** A SCAN pattern for the names that may be keys of the namespace which start with `prefix`. */
export function scanPattern(namespace: string, hasTags: boolean, prefix: string): string {
  return `${escaped(namespace)}${hasTags ? '{*}' : ''}/${escaped(prefix)}*`;
}

function escaped(text: string): string {
  return text.replace(/[\\*?[\]^]/g, String.raw`\$&`);
}

/**
 * The key whose bytes stand in a name from `start` on. Bytes that are no UTF-8 are no key of a dictionary: nobody could
 * ask for it.
 */
export function decodeKey(name: Buffer, start: number): string | undefined {
  const key = name.toString('utf8', start);
  if (!key.includes(REPLACEMENT)) return key;
  try {
    return utf8.decode(name.subarray(start));
  } catch {
    return undefined;
  }
}
