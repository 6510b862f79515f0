import { CodecError } from '../errors.ts';
import { isPlainObject, MAX_DEPTH } from './plain.ts';
import { shadowMutators } from './shadow.ts';

/**
 * What becomes of a decoded value: it stays as it is, is frozen, or is frozen with the mutators of its dates, maps and
 * sets made to throw.
 */
export type Finish = 'clone' | 'frozen' | 'guarded';

/**
 * Walks over a decoded value to its leaves.
 *
 * @returns Whether all readers can share it: `false` when it is not frozen, or holds something that freezing can't protect
 *   (a Date, a Map, a Set, binary, a class instance), so that each reader needs a copy of its own.
 * @throws {CodecError} It has too many levels.
 */
export function finishDecoded(value: unknown, finish: Finish, depth: number = 0): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  if (ArrayBuffer.isView(value)) return false;
  if (depth >= MAX_DEPTH) throw new CodecError(`The stored value has more than ${MAX_DEPTH} levels.`);
  let isShareable = finish !== 'clone' && (Array.isArray(value) || isPlainObject(value));
  for (const child of Array.isArray(value) ? (value as readonly unknown[]) : Object.values(value)) {
    if (!finishDecoded(child, finish, depth + 1)) isShareable = false;
  }
  if (finish === 'guarded') shadowMutators(value);
  if (finish !== 'clone') Object.freeze(value);
  return isShareable;
}
