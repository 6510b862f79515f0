// @ts-check
import { differences } from './compare.js';
import { mimeTable } from './mimeTable.js';
import { change, fill, readCold, readWarm, remove } from './steps.js';

/** @import { NearDict } from 'neardict' */
/** @import { View } from './compare.js' */
/** @import { MimeTable, MimeType } from './mimeTable.js' */
/** @import { Progress } from './progress.js' */
/** @import { Side } from './side.js' */

/** @typedef {Awaited<ReturnType<typeof tellStory>>} Outcome */

/**
 * @typedef {object} Cast
 * @property {NearDict<MimeTable>} table Where the first side writes.
 * @property {Side} first
 * @property {Side} second
 * @property {() => Promise<View[]>} witnesses Who else can tell what is in the store.
 */

/** Phases that `tellStory` goes through. */
export const PHASES = 6;

/**
 * One side fills the table, the other reads it, cold and warm, and goes on reading while the first changes and deletes
 * entries. In the end all that both believe is compared with the store.
 *
 * @param {Cast} cast
 * @param {Progress} progress
 */
export async function tellStory({ table, first, second, witnesses }, progress) {
  /** @type {Map<string, MimeType>} */
  const written = new Map();
  await table.clear();

  progress.phase('filling');
  const filled = await fill(table, written);
  progress.phase('reading cold');
  const cold = await readCold(second, progress.at);
  progress.phase('reading warm');
  const warm = await readWarm(second, progress.at);

  progress.phase('changing entries while the other side reads');
  await second.startReading([...written.keys()]);
  const writtenAtNs = await change(table, written, progress.at);
  progress.phase('deleting entries');
  const { deletes, lastKey } = await remove(table, written);
  await second.caughtUp(lastKey);
  const { reads, hitRate, sightings } = await second.stopReading();

  progress.phase('comparing every entry');
  const keys = [...mimeTable.map(([key]) => key), lastKey];
  const stored = new Map(Object.entries(await table.snapshot()));
  const views = [
    { name: 'what was written', entries: written },
    ...(await witnesses()),
    ...(await viewsOf('the first side', first, keys)),
    ...(await viewsOf('the second side', second, keys)),
  ];
  await table.clear();

  return {
    filled,
    cold,
    warm,
    along: { reads, hitRate },
    changes: writtenAtNs.length,
    deletes,
    lagsMs: sightings.map(([revision, seenAtNs]) => Number(seenAtNs - (writtenAtNs[revision] ?? seenAtNs)) / 1e6),
    compared: {
      entries: stored.size,
      views: views.map(({ name, entries }) => ({ name, entries: [...entries].length })),
    },
    differences: views.flatMap((view) => differences(stored, view)),
  };
}

/**
 * What a side holds in memory, taken before it is asked to read: reading would mend it.
 *
 * @param {string} name
 * @param {Side} side
 * @param {readonly string[]} keys
 * @returns {Promise<View[]>}
 */
async function viewsOf(name, side, keys) {
  const peeked = await side.peekAll(keys);
  const read = await side.getAll(keys);
  return [
    { name: `${name}, in memory`, entries: peeked, isPartial: true },
    { name: `${name}, read`, entries: read },
  ];
}
