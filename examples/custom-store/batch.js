// @ts-check
// From a batch to the call of `neardict.write`, and from its row to the receipt.
import { randomBytes } from 'node:crypto';
import { encodeChanges, versionOf } from './changes.js';
import { channelOf } from './feed.js';
import { keyBytes, positionIn, TTL_MARK, ttlIn } from './rows.js';

/** @import { Batch, Deadline, PartitionId, Receipt, SpaceOptions } from 'neardict' */

/**
 * @param {PartitionId} part
 * @param {Batch} batch
 * @param {SpaceOptions} options
 * @param {Deadline} deadline
 */
export function writeCall(part, batch, { namespace, origin, inlineBytes }, deadline) {
  const { deletes, sets, clear, conditions = [], ticket } = batch;
  const versions = sets.map(([, bytes]) => versionOf(bytes));
  const args = {
    _namespace: namespace,
    _part: part,
    _deletes: deletes.map(keyBytes),
    _keys: sets.map(([key]) => keyBytes(key)),
    _bytes: sets.map(([, bytes]) => bytes),
    _versions: versions,
    _ttls: sets.map(([, , ttlMs]) => ttlMs),
    _if_keys: conditions.map(({ key }) => keyBytes(key)),
    _if_versions: conditions.map(({ version }) => version),
    _holder: ticket?.holder,
    _number: ticket?.number,
    _nonce: newNonce(sets.some(([, , ttlMs]) => ttlMs !== undefined)),
    _origin: origin,
    _clear: clear,
    _changes: encodeChanges(batch, versions, inlineBytes),
    _channel: channelOf(namespace, part),
    // A lock that does not come is known to be a failure only if there is time left to say so.
    _lock_ms: Math.max(1, Math.floor((deadline - performance.now()) / 2)),
  };
  const names = Object.keys(args).map((name, index) => `${name} => $${index + 1}`);
  return { text: `SELECT * FROM neardict.write(${names.join(', ')})`, values: Object.values(args) };
}

/** @param {any} row @returns {Receipt} */
export function receiptIn(row) {
  const position = positionIn(row);
  if (row.outcome === 'repeated') return { position, existed: [], isRepeated: true };
  if (row.outcome === 'applied') return { position, existed: row.existed };
  const conflicts = row.conflict_keys.map((/** @type {Buffer} */ key, /** @type {number} */ index) => ({
    key: key.toString(),
    bytes: row.conflict_bytes[index] ?? undefined,
    ttlMs: ttlIn(row.conflict_ttls[index]),
  }));
  return { position, existed: [], conflicts };
}

/** 47 random bits, and one that says whether the batch sets a time to live. @param {boolean} setsTtl */
function newNonce(setsTtl) {
  return (randomBytes(6).readUIntBE(0, 6) % TTL_MARK) + (setsTtl ? TTL_MARK : 0);
}
