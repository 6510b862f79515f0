// What do four processes get done, with which library?
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { isQuick, median } from '../bench/compare.js';
import { startServer } from '../server.js';
import { MIXES } from '../workload/mixes.js';

export const stores = ['redis-v6'];

const PROCESSES = 4;
/** Until caches are full and V8 has compiled what runs: in the first second its compiler is what costs most, whatever the library. */
const WARM_UP_MS = 4000;
const WORK_MS = 1000;
const ROUNDS = isQuick ? 1 : 3;
const LIBRARIES = {
  neardict: 'neardict',
  bentocache: 'bentocache',
  cacheable: 'cacheable',
  'node-redis `clientSideCache`': 'nodeRedis',
  'no cache': 'noCache',
};

export async function measure() {
  const results = [];
  for (const mix of Object.keys(MIXES)) {
    const runs = Object.fromEntries(Object.keys(LIBRARIES).map((library) => [library, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const library of Object.keys(LIBRARIES)) runs[library].push(await run(LIBRARIES[library], mix));
    }
    for (const [library, some] of Object.entries(runs)) {
      const of = (name) => median(some.map((each) => each[name]));
      results.push({ mix: MIXES[mix].title, library, perSecond: of('perSecond'), p50: of('p50'), p99: of('p99') });
    }
  }
  return results;
}

/** Requests per second of all processes, and the times that they took, of the slowest process. */
async function run(library, mix) {
  const server = await startServer();
  const children = [];
  const start = async (fills) => {
    const child = fork(new URL('../workload/child.js', import.meta.url), [library, mix, server.url, String(fills)]);
    children.push(child);
    await answerOf(child);
  };
  try {
    await start(true);
    await Promise.all(Array.from({ length: PROCESSES - 1 }, () => start(false)));
    await Promise.all(children.map((child) => work(child, WARM_UP_MS)));
    const done = await Promise.all(children.map((child) => work(child, WORK_MS)));
    const count = done.reduce((sum, each) => sum + each.count, 0);
    const slowest = (name) => Math.max(...done.map((each) => each[name]));
    return { perSecond: (1000 * count) / WORK_MS, p50: slowest('p50'), p99: slowest('p99') };
  } finally {
    // First the processes: some libraries complain loudly about a server that is gone.
    await Promise.all(children.map(end));
    await server.stop();
  }
}

function work(child, durationMs) {
  child.send(durationMs);
  return answerOf(child);
}

async function end(child) {
  if (child.exitCode !== null || !child.connected) return;
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}

async function answerOf(child) {
  const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (child.exitCode !== null) throw new Error('A process of the workload has failed.');
  return answer;
}
