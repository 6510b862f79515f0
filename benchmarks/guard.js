// Has something become much slower than it is recorded? And do the pages tell what is recorded?
//
//   npm run bench:guard
//
// Only ratios of processor times are looked at, which a busy machine changes little. One that is outside is measured again,
// and fails only if it is outside every time. It needs none of the other libraries.
import { allQuestions, ask } from './bench/ask.js';
import { readResults, staleFiles } from './bench/report.js';

/** How many times the recorded ratio is still good enough, without the noise of the run. */
const MARGIN = 1.6;
const TRIES = 4;

/** Questions, the store on which each is asked, and the rows that count. */
const GUARDED = [
  { question: 'hit', store: 'memory', ids: ['hit'] },
  { question: 'server', store: 'redis-v4', ids: ['server, batched'] },
  { question: 'feed', store: 'redis-v4', ids: ['handling'] },
];

const stale = await staleFiles();
if (stale.length > 0) throw new Error(`${stale.join(', ')} do not tell what results.json does. Run npm run bench.`);

const { rows: recorded } = await readResults();
const questions = new Map((await allQuestions()).map(({ name, file }) => [name, file]));
for (const guarded of GUARDED) await guard(guarded);

async function guard({ question, store, ids }) {
  let slow = [];
  for (let time = 0; time < TRIES; time++) {
    const rows = await ask(questions.get(question), store, true);
    slow = rows.filter((row) => ids.includes(row.id) && isSlow(row, store));
    if (slow.length === 0) return;
  }
  const told = slow.map(({ what, ratio }) => `${what}: ${ratio.toFixed(2)}`);
  throw new Error(`Slower than recorded in each of ${TRIES} tries: ${told.join('; ')}`);
}

function isSlow({ id, ratio, again }, store) {
  const before = recorded.find((row) => row.id === id && row.store === store);
  const noise = Math.max(again, 1 / again);
  const bound = before.ratio * MARGIN * noise;
  console.log(`${store}: ${id}: ${ratio.toFixed(2)}, recorded ${before.ratio.toFixed(2)}, bound ${bound.toFixed(2)}`);
  return ratio > bound;
}
