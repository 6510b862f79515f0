// @ts-check
// Shares a real table between two processes on REDIS_URL, or between two handles in memory, and reports how it went.
import { showProgress } from './progress.js';
import { readRaw } from './rawRedis.js';
import { startRemoteSide } from './remoteSide.js';
import { report } from './report.js';
import { namespace, openSharedTable } from './sharedTable.js';
import { sideOf } from './side.js';
import { PHASES, tellStory } from './story.js';

const url = process.env.REDIS_URL;
const progress = showProgress(process.stderr, 1 + PHASES);

try {
  const outcome = await play();
  progress.end();
  console.log(report(outcome, describeScene()));
  process.exitCode = outcome.differences.length === 0 ? 0 : 1;
} catch (error) {
  progress.end();
  console.error(`The demo failed: ${reasonOf(error)}`);
  process.exitCode = 1;
}

async function play() {
  progress.phase('opening');
  const table = await openSharedTable();
  const first = sideOf(table);
  const second = url ? startRemoteSide() : sideOf(await openSharedTable());
  try {
    return await tellStory({ table, first, second, witnesses }, progress);
  } finally {
    await Promise.allSettled([first.close(), second.close()]);
  }
}

/** A URL may hold a password: only the host is shown. */
function describeScene() {
  return url
    ? `two processes over the Redis at ${new URL(url).host}`
    : 'two handles in the memory of this process (set REDIS_URL for two processes)';
}

/** Who else can tell what is in the store. */
async function witnesses() {
  return url ? [{ name: 'Redis without neardict', entries: await readRaw(url, namespace) }] : [];
}

/** @param {unknown} error */
function reasonOf(error) {
  const { message = String(error), cause } = /** @type {{ message?: string, cause?: { message?: string } }} */ (error);
  return cause?.message ? `${message} (${cause.message})` : message;
}
