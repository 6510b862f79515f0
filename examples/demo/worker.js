// @ts-check
// The second process. It answers the calls of remoteSide.js until that one goes away.
import { openSharedTable } from './sharedTable.js';
import { sideOf } from './side.js';

/** @import { Answer, Call } from './remoteSide.js' */

/** @type {Promise<Record<string, (...args: any[]) => Promise<unknown>>>} */
const opening = openSharedTable().then(sideOf);
// Each call tells what went wrong.
opening.catch(() => {});

process.on('message', (/** @type {Call} */ call) => {
  void answer(call).then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit());

/**
 * @param {Call} call
 * @returns {Promise<Answer>}
 */
async function answer({ id, method, args }) {
  try {
    const side = await opening;
    return { id, result: await side[method]?.(...args) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
