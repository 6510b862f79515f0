// @ts-check
import { openDict } from 'neardict';
import { exampleStore } from '../store.js';

/** @import { NearDict } from 'neardict' */
/** @import { MimeTable } from './mimeTable.js' */

/** One demo at a time: it clears what it finds here. */
export const namespace = 'neardict-demo';

/**
 * Opens the table that both sides share, with room in memory for all of it.
 *
 * @returns {Promise<NearDict<MimeTable>>}
 */
export async function openSharedTable() {
  /** @type {NearDict<MimeTable>} */
  const table = await openDict({
    namespace,
    store: exampleStore(),
    // The half of it that was used last always stays: room for all of the table.
    cache: { maxItems: 10_000 },
    connectTimeout: '3s',
  });
  // What fails in the background is told by flush() as well, and the demo always awaits that.
  table.on('error', () => {});
  return table;
}
