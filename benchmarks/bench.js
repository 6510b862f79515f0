// What does everything cost, beside the least that it can cost and beside other libraries?
//
//   npm run bench [-- rows...] [--client memory|redis-v4|redis-v5|redis-v6] [--quick]
//
// Rows are names of files in rows/. Every figure is a ratio of medians over interleaved rounds in one process; `again` is
// the limit beside itself, the noise.
import { fork } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { STORES } from './bench/stage.js';
import { startServer } from './server.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { client: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const stores = flags.client === undefined ? STORES : [flags.client];
const questions = positionals.length > 0 ? positionals : await allQuestions();

for (const store of stores) {
  for (const question of questions) {
    const module = await import(`./rows/${question}.js`);
    if (!module.stores.includes(store)) continue;
    for (const row of await ask(question, store)) tell(store, row);
  }
}

/** The rows of a question, measured on a store by a process of its own. */
async function ask(question, store) {
  const server = store === 'memory' ? undefined : await startServer();
  const args = [question, store, server?.url ?? '', ...(flags.quick ? ['--quick'] : [])];
  const child = fork(new URL('bench/child.js', import.meta.url), args, { execArgv: ['--expose-gc'] });
  try {
    return await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error(`${question} on ${store} has failed.`)));
    });
  } finally {
    await server?.stop();
  }
}

function tell(store, { what, limit, ratio, again, goal, atLeast, unit, base, ours }) {
  const wanted = goal === undefined ? `>= ${atLeast}` : `<= ${goal}`;
  const figures = `${ratio.toFixed(2)} (${wanted}; again ${again.toFixed(2)}; ${ours.toFixed(1)} ${unit} to ${base.toFixed(1)})`;
  console.log(`${store}: ${what} / ${limit}: ${figures}`);
}

async function allQuestions() {
  const files = await readdir(new URL('rows/', import.meta.url));
  return files.map((file) => file.replace(/\.js$/, ''));
}
