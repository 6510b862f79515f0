import { inspect, isDeepStrictEqual } from 'node:util';
import type { Values } from '../codec/values.ts';
import type { StoredEntry } from '../store/copy.ts';
import { versionOf } from '../store/version.ts';
import { CommandError } from './command.ts';

/** An entry as JSON: with its value, or, where JSON can't hold that, with the stored bytes and the codec that wrote them. */
export interface EntryRecord {
  readonly key: string;
  readonly value?: unknown;
  readonly codec?: string;
  /** Base64. */
  readonly bytes?: string;
  /** SHA-1 of the stored bytes, 40 hexadecimal digits. */
  readonly version: string;
  /** ISO 8601; absent: it does not expire. */
  readonly expiresAt?: string;
}

export function recordOf({ key, bytes, ttlMs }: StoredEntry, values: Values): EntryRecord {
  const value = jsonValueOf(key, bytes, values);
  return {
    key,
    ...(value === undefined ? asBytes(bytes, values) : { value }),
    version: versionOf(bytes),
    ...(ttlMs !== undefined && { expiresAt: new Date(Date.now() + ttlMs).toISOString() }),
  };
}

/**
 * The entry that a record tells of; `undefined`: it has expired since.
 *
 * @throws {CommandError} It is no record, or one of another codec. It does not quote values.
 * @throws {CodecError} The namespace can't keep the value.
 */
export function entryOf(record: unknown, values: Values): StoredEntry | undefined {
  if (typeof record !== 'object' || record === null) throw new CommandError('it is no object');
  const { key, value, codec, bytes, expiresAt } = record as Partial<EntryRecord>;
  if (typeof key !== 'string') throw new CommandError("it has no 'key'");
  const ttlMs = expiresAt === undefined ? undefined : Date.parse(expiresAt) - Date.now();
  if (Number.isNaN(ttlMs)) throw new CommandError("its 'expiresAt' is no time");
  if (ttlMs !== undefined && ttlMs < 1) return undefined;
  if (value !== undefined) return { key, bytes: values.encode(value), ttlMs };
  if (typeof bytes !== 'string') throw new CommandError("it has neither 'value' nor 'bytes'");
  if (codec === values.codecName) return { key, bytes: Buffer.from(bytes, 'base64'), ttlMs };
  throw new CommandError(`it was written by the codec '${codec}', and the namespace has '${values.codecName}'`);
}

/** What a record says of a value: itself, or, where JSON can't hold it, its stored bytes. */
export function contentOf(value: unknown, values: Values): Partial<EntryRecord> {
  if (value === undefined) return {};
  return isJsonExact(value) ? { value } : asBytes(values.encode(value), values);
}

function asBytes(bytes: Uint8Array, { codecName }: Values): Partial<EntryRecord> {
  return { codec: codecName, bytes: Buffer.from(bytes).toString('base64') };
}

/** A key as it can stand on a line of a terminal. */
export function shownKey(key: string): string {
  return key.replace(/\p{Cc}/gu, (control) => String.raw`\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** A value on one line, strings in quotes. */
export function shownOnLine(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : shown(value);
}

/** A value as a person reads it, strings as they are. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const isExact = isJsonExact(value);
  return isExact ? JSON.stringify(value) : inspect(value, { depth: Infinity, breakLength: Infinity });
}

/** The value if JSON holds it without loss, else `undefined`. */
function jsonValueOf(key: string, bytes: Uint8Array, values: Values): unknown {
  try {
    const { value } = values.decode(key, bytes);
    return isJsonExact(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isJsonExact(value: unknown): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value);
  } catch {
    return false;
  }
}
