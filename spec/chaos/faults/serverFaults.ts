import { sleep } from '../clock.ts';
import { type Fault, linger, type Scene } from './fault.ts';

/** How long a refusal is waited for, before the fault is tried again. */
const PATIENCE_MS = 5000;

export const serverFaults: Readonly<Record<string, Fault>> = {
  connectionsKilled: server(2, async ({ admin }) => Number(await admin('CLIENT', 'KILL', 'TYPE', 'normal')) > 0),
  subscribersKilled: server(3, async ({ admin }) => Number(await admin('CLIENT', 'KILL', 'TYPE', 'pubsub')) > 0),
  scriptsFlushed: server(2, async (scene) => {
    const before = await refusals(scene, 'NOSCRIPT');
    await scene.admin('SCRIPT', 'FLUSH');
    return refusedMore(scene, 'NOSCRIPT', before);
  }),
  serverStopped: server(2, async (scene) => {
    scene.server.pause();
    await linger(scene, 100, 1500);
    scene.server.resume();
    return true;
  }),
  restartedEmpty: server(2, async ({ server: redis, loseData }) => {
    await loseData(() => redis.restart());
    return true;
  }),
  flushed: server(2, async ({ admin, loseData }) => {
    await loseData(() => admin('FLUSHALL'));
    return true;
  }),
  positionDeleted: server(2, async ({ admin, namespace }) => Number(await admin('DEL', `${namespace}#position`)) === 1),
  /** As after a failover: another history, with a number that may be known, or not reached yet. */
  positionReplaced: server(2, async ({ admin, namespace, random }) => {
    const script = `
local key = KEYS[1]
local before = redis.call('GET', key)
if not before then return 0 end
local seq = math.max(1, struct.unpack('>I6', before) + tonumber(ARGV[1]))
redis.call('SET', key, struct.pack('>I6I6', seq, tonumber(ARGV[2])))
return 1`;
    const [shift, nonce] = [Math.floor(100 * random()) - 50, 1 + Math.floor(1e9 * random())].map(String);
    return Number(await admin('EVAL', script, '1', `${namespace}#position`, shift ?? '', nonce ?? '')) === 1;
  }),
  /** A primary that was demoted. Its own primary does not exist, so that it keeps its data. */
  readOnly: refusal(2, 'READONLY', () => [
    ['REPLICAOF', '127.0.0.1', '1'],
    ['REPLICAOF', 'NO', 'ONE'],
  ]),
  outOfMemory: refusal(2, 'OOM', () => [
    ['CONFIG', 'SET', 'maxmemory', '1'],
    ['CONFIG', 'SET', 'maxmemory', '0'],
  ]),
  writeRightsRevoked: refusal(1, 'NOPERM', ({ user }) => [
    ['ACL', 'SETUSER', user, '-evalsha', '-eval'],
    ['ACL', 'SETUSER', user, '+@all'],
  ]),
  /** The script fails at its end: the data is written and nobody is told. */
  publishRightsRevoked: refusal(2, 'ERR', ({ user }) => [
    ['ACL', 'SETUSER', user, '-publish'],
    ['ACL', 'SETUSER', user, '+@all'],
  ]),
};

function server(perRun: number, strike: (scene: Scene) => Promise<boolean>): Fault {
  return { reach: 'server', perRun, strike };
}

/** The server refuses something with errors that begin with `code`, until that is taken back. */
function refusal(
  perRun: number,
  code: string,
  commands: (scene: Scene) => readonly [begin: readonly string[], end: readonly string[]],
): Fault {
  return server(perRun, async (scene) => {
    const [begin, end] = commands(scene);
    const before = await refusals(scene, code);
    await scene.admin(...begin);
    try {
      const met = await refusedMore(scene, code, before);
      await linger(scene, 100, 500);
      return met;
    } finally {
      await scene.admin(...end);
    }
  });
}

async function refusedMore(scene: Scene, code: string, before: number): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await refusals(scene, code)) <= before) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** How often the server has answered with errors that begin with `code`. */
async function refusals({ admin }: Scene, code: string): Promise<number> {
  const statistics = String(await admin('INFO', 'errorstats'));
  return Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(statistics)?.[1] ?? 0);
}
