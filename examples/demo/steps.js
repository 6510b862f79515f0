// @ts-check
import { setTimeout as delay } from 'node:timers/promises';
import { mimeTable } from './mimeTable.js';

/** @import { NearDict } from 'neardict' */
/** @import { MimeTable, MimeType } from './mimeTable.js' */
/** @import { Side } from './side.js' */

/** @typedef {NearDict<MimeTable>} Table */
/** @typedef {Map<string, MimeType>} Written What ought to be in the store. */
/** @typedef {(part: number) => void} Advance Takes how much of the step is done, from 0 to 1. */
/** @typedef {{ readonly count: number, readonly ms: number }} Measured */

const CHANGES = 1000;
const DELETES = 250;
const READ_STEPS = 10;
const WARM_PASSES = 400;

/** Written last: who has it, has everything. */
const LAST_KEY = 'application/x-neardict-demo-is-over';

/**
 * Fills the table by plain assignment.
 *
 * @param {Table} table
 * @param {Written} written
 * @returns {Promise<Measured>}
 */
export async function fill(table, written) {
  const start = performance.now();
  for (const [key, value] of mimeTable) table.dict[key] = value;
  await table.flush();
  const ms = performance.now() - start;
  for (const [key, value] of mimeTable) written.set(key, value);
  return { count: mimeTable.length, ms };
}

/**
 * Every key for the first time: each read asks the store.
 *
 * @param {Side} side
 * @param {Advance} advance
 * @returns {Promise<Measured>}
 */
export async function readCold(side, advance) {
  const keys = mimeTable.map(([key]) => key);
  const size = Math.ceil(keys.length / READ_STEPS);
  let ms = 0;
  for (let step = 0; step < READ_STEPS; step++) {
    ms += await side.readAll(keys.slice(step * size, (step + 1) * size));
    advance((step + 1) / READ_STEPS);
  }
  return { count: keys.length, ms };
}

/**
 * Every key many times over, from memory.
 *
 * @param {Side} side
 * @param {Advance} advance
 * @returns {Promise<Measured>}
 */
export async function readWarm(side, advance) {
  const keys = mimeTable.map(([key]) => key);
  let ms = 0;
  for (let step = 0; step < READ_STEPS; step++) {
    ms += await side.readAll(keys, WARM_PASSES / READ_STEPS);
    advance((step + 1) / READ_STEPS);
  }
  return { count: keys.length * WARM_PASSES, ms };
}

/**
 * Changes entries all over the table, one at a time.
 *
 * @param {Table} table
 * @param {Written} written
 * @param {Advance} advance
 * @returns {Promise<bigint[]>} When each change was written, by its revision, in nanoseconds.
 */
export async function change(table, written, advance) {
  /** @type {bigint[]} */
  const writtenAtNs = [];
  for (const [key, before] of spread(CHANGES, 5)) {
    const revision = writtenAtNs.length;
    const value = { ...before, revision, extensions: [...(before.extensions ?? []), `v${revision}`] };
    writtenAtNs.push(process.hrtime.bigint());
    table.dict[key] = value;
    written.set(key, value);
    advance(writtenAtNs.length / CHANGES);
    await delay(1);
  }
  await table.flush();
  return writtenAtNs;
}

/**
 * Deletes entries all over the table, then writes one last entry.
 *
 * @param {Table} table
 * @param {Written} written
 * @returns {Promise<{ deletes: number, lastKey: string }>}
 */
export async function remove(table, written) {
  for (const [key] of spread(DELETES, 7)) {
    delete table.dict[key];
    written.delete(key);
  }
  const last = { source: 'neardict' };
  table.dict[LAST_KEY] = last;
  written.set(LAST_KEY, last);
  await table.flush();
  return { deletes: DELETES, lastKey: LAST_KEY };
}

/**
 * Different entries in strides over the whole table.
 *
 * @param {number} count
 * @param {number} stride Has no divisor in common with the size of the table.
 */
function spread(count, stride) {
  return Array.from({ length: count }, (_, n) => mimeTable[(n * stride) % mimeTable.length]).filter(
    (e) => e !== undefined,
  );
}
