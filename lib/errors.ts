/**
 * The base of everything this library throws on purpose.
 *
 * `code` is stable across versions; `cause` keeps what was caught underneath. A message says what to do and never holds
 * a value or a credential.
 */
export abstract class NearDictError extends Error {
  abstract readonly code: `ERR_NEARDICT_${string}`;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
  }
}

/** A key that can't be stored, or can't be used in this way. Nothing was done. */
export class KeyError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_KEY';
}

/** A value that the codec would alter or lose, or stored bytes that it can't read. */
export class CodecError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_CODEC';
  /** The key whose stored bytes can't be read; `undefined` when a value was refused before it was stored. */
  readonly key: string | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly key?: string }) {
    super(message, options);
    this.key = options?.key;
    Object.defineProperty(this, 'key', { enumerable: false });
  }
}

/** A value whose encoded form is larger than `maxValueBytes`. Nothing was sent. */
export class ValueTooLargeError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_VALUE_TOO_LARGE';
  /** Size of the encoded value in bytes. */
  readonly bytes: number;
  /** The limit in bytes. */
  readonly maxValueBytes: number;

  constructor(bytes: number, maxValueBytes: number) {
    super(
      `The encoded value has ${bytes} bytes, more than maxValueBytes (${maxValueBytes}). Split it over several keys or raise maxValueBytes.`,
    );
    this.bytes = bytes;
    this.maxValueBytes = maxValueBytes;
  }
}

/** What a schema has found wrong. */
export interface SchemaIssue {
  /** The way down to it: property names and indexes; empty for the value itself. */
  readonly path: readonly PropertyKey[];
  /** The schema's own words, which may quote the value. */
  readonly message: string;
}

/** A value that its schema refuses. Nothing was written. */
export class SchemaError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_SCHEMA';
  /** Not shown when the error is printed: the words of a schema may quote the value. */
  readonly issues: readonly SchemaIssue[];
  /** The key whose value it is; `undefined`: the value is the whole object of a mirror. */
  readonly key: string | undefined;

  constructor(message: string, issues: readonly SchemaIssue[], key: string | undefined) {
    super(message);
    this.issues = issues;
    this.key = key;
    Object.defineProperty(this, 'issues', { enumerable: false });
  }
}

/** The file of a mirror's `bootstrap` or `backup` can't be used. The mirror goes on without it. */
export class BackupError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_BACKUP';
}

/** An option that is out of range or does not fit the others. Nothing was opened. */
export class ConfigError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_CONFIG';
}

/** The namespace exists with another layout (protocol, partitions, hash or codec). Nothing was read or written. */
export class ConfigMismatchError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_CONFIG_MISMATCH';
}

/** The store did not answer within `connectTimeout`. Nothing is left open. */
export class ConnectTimeoutError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_CONNECT_TIMEOUT';
}

/** The store can't be reached or refused the command. A write that ends with this error was **not** applied. */
export class UnavailableError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_UNAVAILABLE';
  /** The store has no room for values. It still takes deletes. */
  readonly isFull: boolean;

  constructor(message: string, options?: ErrorOptions & { readonly isFull?: boolean }) {
    super(message, options);
    this.isFull = options?.isFull ?? false;
  }
}

/**
 * A write whose outcome the connection took with it.
 *
 * It may or may not have happened. The cached entry is gone, so the next read asks the store; repeat only what is safe
 * to repeat.
 */
export class AmbiguousWriteError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_AMBIGUOUS_WRITE';
}

/** A key does not hold what a conditional write asked for, or kept changing while `update()` tried. Nothing was done. */
export class ConflictError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_CONFLICT';
  readonly key: string;
  /** The version of what the key holds; `null`: it is missing. */
  readonly version: string | null;

  constructor(message: string, key: string, version: string | null, options?: ErrorOptions) {
    super(message, options);
    this.key = key;
    this.version = version;
    Object.defineProperty(this, 'key', { enumerable: false });
  }
}

/**
 * Of many writes only a part was applied: they belong to several partitions, or are more than one step may hold.
 *
 * What belongs to one step was applied as a whole, or not at all.
 */
export class PartialWriteError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_PARTIAL_WRITE';
  /** The keys whose writes were applied. */
  readonly applied: readonly string[];
  /** The keys whose writes were not, or may not have been, with the reasons. */
  readonly errors: readonly WriteFailure[];

  constructor(applied: readonly string[], errors: readonly WriteFailure[]) {
    super(
      `${errors.length} of ${applied.length + errors.length} writes failed. See \`applied\` and \`errors\` for the keys.`,
      { cause: errors[0]?.error },
    );
    this.applied = applied;
    this.errors = errors;
    Object.defineProperty(this, 'applied', { enumerable: false });
  }
}

/** More writes wait for the store than the queue may hold. This write was not queued; nothing else was lost. */
export class BackpressureError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_BACKPRESSURE';
}

/** Writes that were assigned, not awaited, and failed since the last `flush()`. */
export class FlushError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_FLUSH';
  /** One error for each failed write, at most 1000 of them; `failed` counts all. */
  readonly errors: readonly WriteFailure[];
  /** Number of writes that failed. */
  readonly failed: number;

  constructor(errors: readonly WriteFailure[], failed: number) {
    super(
      `${failed} write${failed === 1 ? '' : 's'} did not reach the store. See \`errors\` for the keys and the reasons.`,
      { cause: errors[0]?.error },
    );
    this.errors = errors;
    this.failed = failed;
  }
}

/** One write that failed in the background. */
export interface WriteFailure {
  /** The key that was assigned or deleted. */
  readonly key: string;
  /** Why it is not, or may not be, in the store. */
  readonly error: NearDictError;
}

/** The dictionary or its store is closed. Nothing was done. */
export class ClosedError extends NearDictError {
  override readonly code = 'ERR_NEARDICT_CLOSED';

  constructor(namespace: string) {
    super(`The dictionary '${namespace}' is closed. Open it again with openDict().`);
  }
}

/**
 * Misuse of the Proxy that the language reports as a `TypeError` (`in`, `Object.freeze`, arithmetic on a read).
 *
 * @internal
 */
export function usageError(message: string): TypeError & { readonly code: string } {
  return Object.assign(new TypeError(message), { code: 'ERR_NEARDICT_USAGE' });
}
