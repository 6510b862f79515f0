// @ts-check
// What a batch changes, as text: the part of a message that the log keeps.
import { createHash } from 'node:crypto';

/** @import { Batch, Change } from 'neardict' */

/** Values of at most so many bytes together travel with one message. */
const INLINE_TOTAL = 65_536;

/** @param {Uint8Array} bytes */
export function versionOf(bytes) {
  return createHash('sha1').update(bytes).digest('hex');
}

/**
 * A delete is its key; a set has its value, or only its version, and its time to live. JSON takes every character of a key,
 * and leaves no NUL in the text, which PostgreSQL would refuse.
 *
 * @param {Batch} batch
 * @param {readonly string[]} versions - Of `batch.sets`.
 * @param {number} inlineBytes
 */
export function encodeChanges({ clear, deletes, sets }, versions, inlineBytes) {
  if (clear) return '[]';
  const written = new Set(sets.map(([key]) => key));
  let room = INLINE_TOTAL;
  return JSON.stringify([
    ...deletes.filter((key) => !written.has(key)),
    ...sets.map(([key, bytes, ttlMs], index) => {
      if (bytes.length > inlineBytes || bytes.length > room) return [key, { version: versions[index] }];
      room -= bytes.length;
      return [key, { bytes: Buffer.from(bytes).toString('base64'), ttlMs }];
    }),
  ]);
}

/** @param {string} text @returns {Change[]} */
export function decodeChanges(text) {
  return JSON.parse(text).map((/** @type {any} */ change) => {
    if (typeof change === 'string') return { type: 'delete', key: change };
    const [key, { bytes, ttlMs, version }] = change;
    return bytes === undefined
      ? { type: 'set', key, bytes: undefined, version }
      : { type: 'set', key, bytes: new Uint8Array(Buffer.from(bytes, 'base64')), ttlMs };
  });
}
