import { samePosition } from '../../position.ts';
import type { Deadline, Layout } from '../../store.ts';
import { decodeLogged, LOG_CALLS, TRIM_INTERVAL } from '../changeLog.ts';
import type { Connection } from '../connection.ts';
import { decodePosition } from '../envelope.ts';
import { isWrongType } from '../failures.ts';
import { metaKey, type PartitionNames, partitionNames } from '../names.ts';
import { hashTags } from '../slots.ts';
import type { Finding } from './finding.ts';

/** Writes may come between two looks: the position and the log are then read again. */
const LOOKS = 5;
/** Problems of one kind that are told one by one. */
const MAX_TOLD = 3;

/** Looks at the record, the positions and the change logs of a namespace. */
export async function* checkNamespace(
  connection: Connection,
  namespace: string,
  layout: Layout,
  inTime: () => Deadline,
): AsyncGenerator<Finding> {
  const query = (...args: string[]): Promise<unknown> => connection.query(args, inTime());
  const names = namesOf(connection, namespace, layout);
  const problems: Finding[] = [];
  let calls = 0;
  if (((await query('PTTL', metaKey(namespace))) as number) >= 0) problems.push(expires('layout', metaKey(namespace)));
  for (const each of names) {
    const found = await lookAt(query, each);
    calls += found.calls;
    problems.push(...found.problems);
  }
  for (const check of ['layout', 'position', 'log']) {
    const own = problems.filter((problem) => problem.check === check);
    yield* own.slice(0, MAX_TOLD);
    const [first] = own;
    if (first !== undefined && own.length > MAX_TOLD)
      yield { check, status: first.status, message: `${own.length - MAX_TOLD} more partitions are like this.` };
  }
  const isWell = (check: string): boolean => problems.every((problem) => problem.check !== check);
  if (isWell('position')) yield { check: 'position', status: 'ok', message: `${calls} write calls so far.` };
  if (isWell('log')) yield { check: 'log', status: 'ok', message: 'The last calls are remembered.' };
}

type Query = (...args: string[]) => Promise<unknown>;

interface Look {
  readonly calls: number;
  readonly problems: readonly Finding[];
}

export function namesOf(connection: Connection, namespace: string, { partitions }: Layout): readonly PartitionNames[] {
  const hasTags = connection.isCluster || partitions > 1;
  return hasTags
    ? hashTags(partitions).map((tag) => partitionNames(namespace, tag))
    : [partitionNames(namespace, undefined)];
}

/** By commands that a reader may give. */
async function lookAt(query: Query, { position, log }: PartitionNames): Promise<Look> {
  for (let look = 1; ; look++) {
    const at = await unlessWrongType(query('GET', position));
    const items = await unlessWrongType(query('LRANGE', log, '0', '0'));
    const ttlMs = (await query('PTTL', position)) as number;
    const problems: Finding[] = [];
    if (at === WRONG || (at !== null && (at as Buffer).length !== 12)) problems.push(damaged(position));
    else if (at !== null && items !== WRONG && !agree(at as Buffer, items as Buffer[])) problems.push(behind(log));
    if (items === WRONG) problems.push(foreignLog(log));
    if (ttlMs >= 0) problems.push(expires('position', position));
    const isPassing = problems.length === 1 && problems[0]?.check === 'log' && items !== WRONG;
    if (isPassing && look < LOOKS) continue;
    const beyond = String(LOG_CALLS + TRIM_INTERVAL);
    const surplus = items === WRONG ? [] : ((await query('LRANGE', log, beyond, beyond)) as Buffer[]);
    if (surplus.length > 0) problems.push(long(log));
    const calls = at !== WRONG && (at as Buffer | null)?.length === 12 ? decodePosition(at as Buffer).seq : 0;
    return { calls, problems };
  }
}

/** The newest item of the log has to be of the call that made the position. */
function agree(at: Buffer, [item]: readonly Buffer[]): boolean {
  const logged = item === undefined ? undefined : decodeLogged(item);
  return logged !== undefined && samePosition(logged.position, decodePosition(at));
}

const WRONG = Symbol('a key of another type');

async function unlessWrongType(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (isWrongType(error)) return WRONG;
    throw error;
  }
}

function damaged(name: string): Finding {
  const message = `What stands under '${name}' is no position: reads are not cached, and nothing can be written.`;
  return {
    check: 'position',
    status: 'fail',
    message,
    advice: 'Delete it: every process then drops its cache and goes on.',
  };
}

function expires(check: string, name: string): Finding {
  const message = `'${name}' has a time to live, after which every process drops its cache.`;
  return { check, status: 'fail', message, advice: `Take it away: PERSIST ${name}.` };
}

function behind(name: string): Finding {
  const message = `The change log '${name}' does not reach up to the position: whoever misses messages drops its whole cache.`;
  return { check: 'log', status: 'warn', message, advice: 'It mends itself with the next writes.' };
}

function foreignLog(name: string): Finding {
  const message = `What stands under '${name}' is no list: something else wrote it.`;
  return { check: 'log', status: 'warn', message, advice: 'Delete it, and keep other programs from names with #.' };
}

function long(name: string): Finding {
  const message = `The change log '${name}' is longer than it should be.`;
  return { check: 'log', status: 'warn', message, advice: 'Grant `+ltrim` to all who write.' };
}
