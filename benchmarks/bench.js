// What does everything cost, beside the least that it can cost and beside other libraries?
//
//   npm run bench                                         all of it (15 minutes, alone on the machine): the recorded figures,
//                                                         the page and the pictures that tell them are made anew
//   npm run bench -- --resume                             goes on with a run that was interrupted
//   npm run bench -- [questions...] [--client redis-v4] [--quick]   some of it, printed only
//   npm run bench -- workload --record                    some of it, in the place of what was recorded of it
//
// Questions are names of files in rows/ and other/. Every figure is a ratio of medians over interleaved rounds
// in one process; `again` is the limit beside itself, the noise.
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { allQuestions, ask } from './bench/ask.js';
import { readResults, writeReport } from './bench/report.js';
import { STORES } from './bench/stage.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    client: { type: 'string' },
    quick: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
});
const stores = flags.client === undefined ? STORES : [flags.client];
const names = (await allQuestions()).map(({ name }) => name);
const questions = (await allQuestions()).filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const isWhole = positionals.length === 0 && flags.client === undefined && !flags.quick;

/** What a run of the whole has answered until now. */
const UNFINISHED = new URL('build/unfinished.json', import.meta.url);
const answers = flags.resume ? JSON.parse(await readFile(UNFINISHED, 'utf8')) : [];
for (const store of stores) {
  for (const { name, file } of questions) {
    const module = await import(file);
    const isAnswered = answers.some((answer) => answer.store === store && answer.question === name);
    if (isAnswered || !module.stores.includes(store)) continue;
    for (const answer of await ask(file, store, flags.quick)) {
      console.log(`${store}: ${tell(answer)}`);
      answers.push({ ...answer, store, question: name });
    }
    if (isWhole) await keep();
  }
}
if (isWhole) {
  await record(answers);
  await rm(UNFINISHED);
} else if (flags.record) await record([...(await recordedElse()), ...answers].sort(byOrder));

async function record(all) {
  await writeReport({
    machine: await machine(),
    rows: all.filter(({ what }) => what !== undefined),
    charts: all.filter(({ chart }) => chart !== undefined),
    workload: all.filter(({ mix }) => mix !== undefined),
  });
}

/** What was recorded of what was not asked now. */
async function recordedElse() {
  const { rows, charts, workload } = await readResults();
  const isAsked = (old) => answers.some(({ store, question }) => old.store === store && old.question === question);
  return [...rows, ...charts, ...workload].filter((old) => !isAsked(old));
}

/** As a run of the whole asks. */
function byOrder(one, other) {
  const order = STORES.indexOf(one.store) - STORES.indexOf(other.store);
  return order === 0 ? names.indexOf(one.question) - names.indexOf(other.question) : order;
}

async function keep() {
  await mkdir(new URL('.', UNFINISHED), { recursive: true });
  await writeFile(UNFINISHED, JSON.stringify(answers));
}

function tell(answer) {
  if (answer.what === undefined) return JSON.stringify(answer);
  const { what, limit, ratio, again, goal, atLeast, unit, base, ours } = answer;
  const wanted = atLeast === undefined ? `<= ${goal ?? '-'}` : `>= ${atLeast}`;
  const beside = ratio === undefined ? '' : ` / ${limit} (${base.toFixed(1)}): ${ratio.toFixed(2)}`;
  return `${what}: ${ours.toFixed(1)} ${unit}${beside} (${wanted}; again ${again.toFixed(2)})`;
}

/** What it was measured with. */
async function machine() {
  const redis = /v=([\d.]+)/.exec(
    String(execFileSync(process.env['NEARDICT_REDIS_SERVER'] ?? 'redis-server', ['--version'])),
  );
  const packages = ['bentocache', 'cache-manager', 'cacheable', 'layered-loader', 'redis'];
  const peers = packages.map(async (name) => {
    const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
    return `${name} ${JSON.parse(await readFile(file, 'utf8')).version}`;
  });
  return [
    `Node ${process.versions.node}`,
    `redis-server ${redis?.[1]}`,
    `${cpus().length} cores`,
    ...(await Promise.all(peers)),
  ];
}
