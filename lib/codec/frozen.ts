import { CodecError } from '../errors.ts';

/** Deepest nesting that a decoded value may have, as for encoding. */
const MAX_DEPTH = 100;

/**
 * Freezes a decoded value to its leaves.
 *
 * @returns Whether the value can be shared by all readers: `false` when it holds something that freezing can't protect
 *   (a Date, a Map, a Set, binary, a class instance), so that each reader needs a copy of its own.
 */
export function freezeDeep(value: unknown, depth: number = 0): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  if (ArrayBuffer.isView(value)) return false;
  if (depth >= MAX_DEPTH) throw new CodecError(`The stored value has more than ${MAX_DEPTH} levels.`);
  let shareable = Array.isArray(value) || isPlain(value);
  for (const child of Object.values(value)) {
    if (!freezeDeep(child, depth + 1)) shareable = false;
  }
  Object.freeze(value);
  return shareable;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
