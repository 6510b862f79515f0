import { CodecError } from '../errors.ts';
import { isPlainObject, MAX_DEPTH } from './plain.ts';

/**
 * Walks over a decoded value to its leaves, and freezes it if readers are to share it.
 *
 * @returns Whether all readers can share it: `false` when it is not frozen, or holds something that freezing can't protect
 *   (a Date, a Map, a Set, binary, a class instance), so that each reader needs a copy of its own.
 * @throws {CodecError} It has too many levels.
 */
export function finishDecoded(value: unknown, freezes: boolean, depth: number = 0): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  if (ArrayBuffer.isView(value)) return false;
  if (depth >= MAX_DEPTH) throw new CodecError(`The stored value has more than ${MAX_DEPTH} levels.`);
  let isShareable = freezes && (Array.isArray(value) || isPlainObject(value));
  for (const child of Array.isArray(value) ? (value as readonly unknown[]) : Object.values(value)) {
    if (!finishDecoded(child, freezes, depth + 1)) isShareable = false;
  }
  if (freezes) Object.freeze(value);
  return isShareable;
}
