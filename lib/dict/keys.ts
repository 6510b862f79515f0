import { KeyError } from '../errors.ts';

/** Longest key in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

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
  if (typeof key !== 'string') throw new KeyError(`A key is a string, not of type ${typeof key}.`);
  if (key === '') throw new KeyError('The empty string is not a key.');
  if (!key.isWellFormed())
    throw new KeyError('The key has a lone surrogate, which no UTF-8 can hold. Encode it otherwise.');
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new KeyError(`The key has more than ${MAX_KEY_BYTES} bytes. Use a digest of it.`);
  }
}
