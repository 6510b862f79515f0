// @ts-check
// From rows of PostgreSQL to what the contract speaks of. A bigint comes as text.

/** @import { Position } from 'neardict' */

/** The highest of the 48 bits of a nonce says that some write of the partition had a time to live. */
export const TTL_MARK = 2 ** 47;

/** @param {Position} position */
export function hasTtls({ nonce }) {
  return nonce >= TTL_MARK;
}

/** A partition that was never written has no row, and stands at the origin. @param {any} row @returns {Position} */
export function positionIn(row) {
  return { seq: Number(row?.seq ?? 0), nonce: Number(row?.nonce ?? 0) };
}

/** @param {string | null | undefined} ttl @returns {number | undefined} */
export function ttlIn(ttl) {
  return ttl === null || ttl === undefined ? undefined : Number(ttl);
}

/** @param {string} key */
export function keyBytes(key) {
  return Buffer.from(key);
}
