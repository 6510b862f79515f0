// @ts-check
import { setImmediate as nextTurn } from 'node:timers/promises';

/** @import { NearDict } from 'neardict' */
/** @import { MimeTable } from './mimeTable.js' */

/** Reads between two turns of the event loop, in which messages come in. */
const READS_PER_TURN = 200;

/**
 * @typedef {object} Reading What a side did while the other one wrote.
 * @property {number} reads
 * @property {number} hitRate
 * @property {[revision: number, seenAtNs: bigint][]} sightings When each change could be read here.
 */

/**
 * Reads one key after the other, round and round, and notes when each change has arrived.
 *
 * @param {NearDict<MimeTable>} table
 * @param {readonly string[]} keys
 * @returns {{ stop(): Promise<Reading> }} `stop` may be called once.
 */
export function readAlong(table, keys) {
  const watch = watchRevisions(table);
  const before = table.stats();
  let isReading = true;
  const reading = readRound(table, keys, () => isReading);
  // Whoever stops hears of a failure; until then it is nobody's.
  reading.catch(() => {});
  return {
    async stop() {
      isReading = false;
      const reads = await reading;
      const { hits, misses } = table.stats();
      const hitRate = (hits - before.hits) / (hits - before.hits + misses - before.misses);
      return { reads, hitRate, sightings: await watch.stop() };
    },
  };
}

/**
 * @param {NearDict<MimeTable>} table
 * @param {readonly string[]} keys
 * @param {() => boolean} goesOn
 */
async function readRound(table, keys, goesOn) {
  let reads = 0;
  while (goesOn()) {
    for (let n = 0; n < READS_PER_TURN; n++) await table.dict[keys[reads++ % keys.length] ?? ''];
    await nextTurn();
  }
  return reads;
}

/**
 * The clock of the sightings is the same in all processes of a machine.
 *
 * @param {NearDict<MimeTable>} table
 */
function watchRevisions(table) {
  /** @type {Reading['sightings']} */
  const sightings = [];
  /** @type {Promise<void>[]} */
  const looks = [];
  const look = async (/** @type {string} */ key) => {
    // A value that was too large to travel with its message is read again.
    const value = table.peek(key) ?? (await table.get(key));
    if (value?.revision !== undefined) sightings.push([value.revision, process.hrtime.bigint()]);
  };
  const listener = (/** @type {import('neardict').DictChange} */ change) => {
    if (change.type === 'set') looks.push(look(change.key).catch(() => {}));
  };
  table.on('change', listener);
  return {
    async stop() {
      table.off('change', listener);
      await Promise.all(looks);
      return sightings;
    },
  };
}
