import { KeyError } from '../errors.ts';

/** Longest key in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/** The one name that can't be assigned: on an ordinary object it means the prototype. */
export const PROTO = '__proto__';

/**
 * Names that JavaScript, test runners and loggers ask objects for. As properties of the Proxy they are never keys;
 * the methods of the handle take them like any other key.
 */
export const reservedNames: ReadonlySet<string> = new Set([
  // Asked by `await` and by JSON.stringify.
  'then',
  'toJSON',
  // Everything that an ordinary object inherits.
  ...Object.getOwnPropertyNames(Object.prototype),
  'prototype',
  // Asked by test matchers, printers and module loaders.
  '$$typeof',
  '@@__IMMUTABLE_ITERABLE__@@',
  '@@__IMMUTABLE_RECORD__@@',
  '__esModule',
  'asymmetricMatch',
  'hasAttribute',
  'inspect',
  'nodeType',
  'tagName',
]);

/**
 * @throws {KeyError} Not a string, empty, longer than 1024 bytes, or with a lone surrogate, which Redis would store
 *   under the same name as any other.
 */
export function assertKey(key: unknown): asserts key is string {
  const fault = faultOf(key);
  if (fault !== undefined) throw new KeyError(fault);
}

/** Whether a name that was found in the store can be a key. Others are not ours: nobody could ask for them. */
export function isKey(key: string): boolean {
  return faultOf(key) === undefined;
}

/** @throws {KeyError} One key where many are expected: its letters are not meant. */
export function assertMany(entries: unknown): asserts entries is object {
  if (typeof entries === 'object' && entries !== null) return;
  throw new KeyError('Many keys are given as an array or a Set of strings, many entries as an object, a Map or pairs.');
}

/** @throws {KeyError} One key where many are expected, or nothing that has items. */
export function assertManyKeys(keys: unknown): void {
  assertMany(keys);
  if (!(Symbol.iterator in keys)) throw new KeyError('An object is not many keys. Give an array or a Set of strings.');
}

function faultOf(key: unknown): string | undefined {
  if (typeof key !== 'string') return `A key is a string, not of type ${typeof key}.`;
  if (key === '') return 'The empty string is not a key.';
  if (!key.isWellFormed()) return 'The key has a lone surrogate, which no UTF-8 can hold. Encode it otherwise.';
  const isTooLong = key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES;
  return isTooLong ? `The key has more than ${MAX_KEY_BYTES} bytes. Use a digest of it.` : undefined;
}
