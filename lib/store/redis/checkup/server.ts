import type { Deadline } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { isMissingRight } from '../failures.ts';
import type { Finding } from './finding.ts';

const PINGS = 20;
/** Round trips that are slower make reads from the store slow, in milliseconds. */
const SLOW_MS = 20;
/** Clocks that differ by less are taken as one, in milliseconds, besides the time of a round trip. */
const SKEW_MS = 1000;
/** How full the memory may be. */
const FULL = 0.9;

/** Looks at each server. */
export async function* checkServer(connection: Connection, inTime: () => Deadline): AsyncGenerator<Finding> {
  const servers = await connection.servers(inTime());
  for (const [index, server] of servers.entries()) {
    const where = servers.length === 1 ? '' : `Server ${index + 1} of ${servers.length}: `;
    const query = (...args: string[]): Promise<unknown> => connection.query(args, inTime(), false, server);
    for (const check of [checkInfo, checkClock, checkLatency]) {
      for (const finding of await check(query)) yield { ...finding, message: where + finding.message };
    }
  }
}

type Query = (...args: string[]) => Promise<unknown>;

async function checkInfo(query: Query): Promise<readonly Finding[]> {
  let info: ReadonlyMap<string, string>;
  try {
    info = fieldsOf(String(await query('INFO')));
  } catch (error) {
    if (!isMissingRight(error)) throw error;
    const advice = 'Grant `+info` to the user of the doctor for a look at version, role and memory.';
    return [{ check: 'server', status: 'warn', message: 'The user may not ask the server about itself.', advice }];
  }
  return [version(info), role(info), memory(info)];
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map((line) => line.slice(1) as [name: string, value: string]),
  );
}

function version(info: ReadonlyMap<string, string>): Finding {
  const check = 'version';
  const valkey = info.get('valkey_version');
  if (valkey !== undefined) return { check, status: 'ok', message: `Valkey ${valkey}.` };
  const redis = info.get('redis_version') ?? '0';
  const [major, minor = 0] = redis.split('.').map(Number) as [number, number?];
  const message = `Redis ${redis}.`;
  if (major > 6) return { check, status: 'ok', message };
  return major === 6 && minor >= 2
    ? { check, status: 'warn', message, advice: 'From 7 on missing rights are found before a write does anything.' }
    : { check, status: 'fail', message, advice: 'Use 6.2 or later.' };
}

function role(info: ReadonlyMap<string, string>): Finding {
  const check = 'role';
  if (info.get('role') === 'master') return { check, status: 'ok', message: 'It is a primary.' };
  return { check, status: 'fail', message: 'It is a replica.', advice: 'Connect to the primary.' };
}

/** What is evicted is a position or a value that nobody deleted. */
function memory(info: ReadonlyMap<string, string>): Finding {
  const check = 'memory';
  const limit = Number(info.get('maxmemory') ?? 0);
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  const share = Number(info.get('used_memory') ?? 0) / limit;
  if (policy.startsWith('allkeys-')) {
    const message = `maxmemory-policy is ${policy}: values and positions may be evicted.`;
    const advice = 'Set it to noeviction, or to volatile-ttl if other data of the server is a cache.';
    return { check, status: limit === 0 ? 'warn' : 'fail', message, advice };
  }
  if (limit > 0 && share > FULL) {
    const message = `${Math.round(100 * share)} % of maxmemory are used.`;
    return {
      check,
      status: 'warn',
      message,
      advice: 'When it is full, writes are refused: raise it, or delete something.',
    };
  }
  const bound = limit === 0 ? 'no maxmemory' : `${Math.round(100 * share)} % of maxmemory used`;
  return { check, status: 'ok', message: `${policy}, ${bound}.` };
}

async function checkClock(query: Query): Promise<readonly Finding[]> {
  const check = 'clock';
  const sentAt = Date.now();
  let reply: unknown;
  try {
    reply = await query('TIME');
  } catch (error) {
    if (!isMissingRight(error)) throw error;
    return [{ check, status: 'warn', message: 'The user may not ask for the time.', advice: 'Grant `+time`.' }];
  }
  const roundTripMs = Date.now() - sentAt;
  const [seconds, micros] = (reply as readonly Buffer[]).map(Number) as [number, number];
  const skewMs = Math.round(seconds * 1000 + micros / 1000 - (sentAt + roundTripMs / 2));
  const message = `It differs from here by ${Math.abs(skewMs)} ms.`;
  if (Math.abs(skewMs) <= SKEW_MS + roundTripMs) return [{ check, status: 'ok', message }];
  const advice =
    'No promise depends on it, but `expiresAt` is told by the clock of each machine: let them be set by NTP.';
  return [{ check, status: 'warn', message, advice }];
}

async function checkLatency(query: Query): Promise<readonly Finding[]> {
  const check = 'latency';
  const times: number[] = [];
  try {
    for (let count = 0; count < PINGS; count++) {
      const sentAt = performance.now();
      await query('PING');
      times.push(performance.now() - sentAt);
    }
  } catch (error) {
    if (!isMissingRight(error)) throw error;
    return [{ check, status: 'warn', message: 'The user may not ping.', advice: 'Grant `+ping`.' }];
  }
  const median = times.toSorted((a, b) => a - b)[PINGS / 2] as number;
  const worst = Math.max(...times);
  const message = `A round trip takes ${median.toFixed(1)} ms, the slowest of ${PINGS} took ${worst.toFixed(1)} ms.`;
  if (median <= SLOW_MS) return [{ check, status: 'ok', message }];
  const advice =
    'Each read that is not cached, and each awaited write, takes as long: bring them nearer to each other.';
  return [{ check, status: 'warn', message, advice }];
}
