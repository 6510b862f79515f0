// @ts-check
import { isDeepStrictEqual } from 'node:util';

/**
 * @typedef {object} View Somebody's idea of the table.
 * @property {string} name
 * @property {Iterable<readonly [key: string, value: unknown]>} entries
 * @property {boolean} [isPartial] Lacking an entry is no difference: it holds only some of them.
 */

/**
 * Compares every entry of a view with the store.
 *
 * @param {ReadonlyMap<string, unknown>} stored
 * @param {View} view
 * @returns {string[]} One line for each entry that differs.
 */
export function differences(stored, { name, entries, isPartial = false }) {
  const seen = new Map(entries);
  const missing = isPartial ? [] : [...stored.keys()].filter((key) => !seen.has(key));
  const surplus = [...seen.keys()].filter((key) => !stored.has(key));
  const changed = [...seen].filter(([key, value]) => stored.has(key) && !isDeepStrictEqual(value, stored.get(key)));
  return [
    ...missing.map((key) => `${name}: ${key} is missing`),
    ...surplus.map((key) => `${name}: ${key} is not in the store`),
    ...changed.map(([key]) => `${name}: ${key} has another value`),
  ];
}
