// @ts-check
import { readAlong } from './readAlong.js';

/** @import { NearDict } from 'neardict' */
/** @import { MimeTable, MimeType } from './mimeTable.js' */

/** @typedef {[key: string, value: MimeType][]} Entries */

/**
 * What a side can be asked for, in the same words whether it lives in this process or in another one: arguments and
 * results are plain data.
 *
 * @typedef {ReturnType<typeof sideOf>} Side
 */

/** How long a side may take to hear of a write: the promise of `maxStaleness`. */
const MAX_LAG_MS = 5000;

/** @param {NearDict<MimeTable>} table */
export function sideOf(table) {
  /** @type {ReturnType<typeof readAlong> | undefined} */
  let reader;

  return {
    /**
     * Reads one key after the other, `passes` times.
     *
     * @param {readonly string[]} keys
     * @returns {Promise<number>} Milliseconds.
     */
    async readAll(keys, passes = 1) {
      const start = performance.now();
      for (let pass = 0; pass < passes; pass++) for (const key of keys) await table.dict[key];
      return performance.now() - start;
    },

    /** @param {readonly string[]} keys */
    async startReading(keys) {
      reader = readAlong(table, keys);
    },

    /** @returns {Promise<import('./readAlong.js').Reading>} */
    async stopReading() {
      if (reader === undefined) throw new Error('Reading was not started.');
      return reader.stop();
    },

    /**
     * Waits until `key` has arrived, and so all that was written before it: changes arrive in order.
     *
     * @param {string} key
     * @returns {Promise<boolean>} Whether it came in time.
     */
    async caughtUp(key) {
      const signal = AbortSignal.timeout(MAX_LAG_MS);
      try {
        for await (const { type } of table.watch(key, { initial: true, signal })) if (type === 'set') return true;
        return false;
      } catch (error) {
        if (signal.aborted) return false;
        throw error;
      }
    },

    /**
     * @param {readonly string[]} keys
     * @returns {Promise<Entries>} What this side holds in memory, now.
     */
    async peekAll(keys) {
      return present(keys.map((key) => [key, table.peek(key)]));
    },

    /**
     * @param {readonly string[]} keys
     * @returns {Promise<Entries>} What this side reads by `await dict[key]`.
     */
    async getAll(keys) {
      return present(await Promise.all(keys.map(async (key) => /** @type {const} */ ([key, await table.dict[key]]))));
    },

    async close() {
      await table.close();
    },
  };
}

/** @param {(readonly [string, MimeType | undefined])[]} entries */
function present(entries) {
  return /** @type {Entries} */ (entries.filter(([, value]) => value !== undefined));
}
