import { Entry } from '../cache/entry.ts';
import { versionOf } from '../store/version.ts';

/** What an edit is based on. */
export interface Base {
  /** `null`: the key was missing. */
  readonly version: string | null;
  readonly entry: Entry;
}

/** @param entry - Of a dictionary whose values keep versions. */
export function baseOn(entry: Entry): Base {
  const version = entry.bytes === undefined ? entry.version : versionOf(entry.bytes);
  return { version: version ?? null, entry };
}

/** @param stored - What the store holds; `undefined` is missing. */
export function asBase(stored: Uint8Array | undefined): Base {
  return baseOn(new Entry(stored));
}
