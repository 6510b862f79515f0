import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from 'neardict';
import { LOG_CALLS, TRIM_INTERVAL } from '../../../lib/store/redis/changeLog.ts';
import type { Finding } from '../../../lib/store/redis/checkup/finding.ts';
import { checkNamespace } from '../../../lib/store/redis/checkup/namespace.ts';
import { checkRights } from '../../../lib/store/redis/checkup/rights.ts';
import { checkServer } from '../../../lib/store/redis/checkup/server.ts';
import type { Connection } from '../../../lib/store/redis/connection.ts';
import { soon } from '../../../lib/testing/contract/batches.ts';

/** What a server replies, by command; an error: how the command fails. */
interface Server {
  readonly INFO?: string | Error;
  readonly TIME?: readonly Buffer[] | Error;
  readonly PING?: Error;
  /** Of a ping, in milliseconds. */
  readonly pingMs?: number;
}

const WELL = 'redis_version:7.4.1\r\nrole:master\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\nused_memory:1\r\n';
const timeAt = (ms: number): readonly Buffer[] => [Buffer.from(String(Math.floor(ms / 1000))), Buffer.from('0')];

/** What the doctor finds on servers that nobody starts for a test: old ones, slow ones, those with a wrong clock. */
async function examine(...servers: readonly Server[]): Promise<readonly Finding[]> {
  const connection: Pick<Connection, 'servers' | 'query'> = {
    servers: async () => servers as never,
    async query([command], _deadline, _isIdle, server) {
      const { INFO = WELL, TIME = timeAt(Date.now()), PING = 'PONG', pingMs = 0 } = server as Server;
      if (command === 'PING' && pingMs > 0) await new Promise((resolve) => setTimeout(resolve, pingMs));
      const reply = { INFO, TIME, PING }[command as 'INFO' | 'TIME' | 'PING'];
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  return allOf(checkServer(connection as Connection, soon));
}

async function allOf(checkup: AsyncGenerator<Finding>): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of checkup) findings.push(finding);
  return findings;
}

const found = async (check: string, server: Server): Promise<Finding | undefined> =>
  (await examine(server)).find((finding) => finding.check === check);

describe('the checkup of a server', () => {
  it.each([
    ['redis_version:8.0.2', 'ok', 'Redis 8.0.2.', undefined],
    ['redis_version:7.2.4\r\nvalkey_version:8.1.0', 'ok', 'Valkey 8.1.0.', undefined],
    ['redis_version:6.2.14', 'warn', 'Redis 6.2.14.', /From 7 on/],
    ['redis_version:6.0.9', 'fail', 'Redis 6.0.9.', /6\.2 or later/],
    ['redis_version:5.0.14', 'fail', 'Redis 5.0.14.', /6\.2 or later/],
    ['nothing:known', 'fail', 'Redis 0.', /6\.2 or later/],
  ])('says of %j whether the version will do', async (INFO, status, message, advice) => {
    expect(await found('version', { INFO })).toEqual({
      ...{ check: 'version', status, message },
      ...(advice && { advice: expect.stringMatching(advice) }),
    });
  });

  it.each([
    ['maxmemory:100\r\nmaxmemory_policy:noeviction\r\nused_memory:91', 'warn', '91 % of maxmemory are used.'],
    ['maxmemory:100\r\nmaxmemory_policy:noeviction\r\nused_memory:90', 'ok', 'noeviction, 90 % of maxmemory used.'],
    ['maxmemory:100\r\nmaxmemory_policy:volatile-ttl\r\nused_memory:5', 'ok', 'volatile-ttl, 5 % of maxmemory used.'],
    ['', 'ok', 'noeviction, no maxmemory.'],
  ])('says of %j how full the memory is', async (INFO, status, message) => {
    expect(await found('memory', { INFO })).toMatchObject({ status, message });
  });

  it('warns of a clock that differs, into either direction', async () => {
    for (const differenceMs of [-3_600_000, 3_600_000])
      expect(await found('clock', { TIME: timeAt(Date.now() + differenceMs) })).toMatchObject({
        ...{ status: 'warn', message: expect.stringMatching(/by 3(59|60)\d{4} ms/) },
        advice: expect.stringContaining('NTP'),
      });
  });

  it('warns of round trips that take long', async () => {
    expect(await found('latency', { pingMs: 25 })).toMatchObject({ status: 'warn', advice: expect.any(String) });
  });

  it.each(['INFO', 'TIME', 'PING'])(
    'does not take a connection that is lost at %s for a missing right',
    async (command) => {
      const lost = new UnavailableError('lost');

      await expect(examine({ [command]: lost })).rejects.toBe(lost);
    },
  );

  it('says which server it is where there are more', async () => {
    const findings = await examine({}, { INFO: WELL.replace('master', 'slave') });

    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([
      { check: 'role', status: 'fail', message: 'Server 2 of 2: It is a replica.', advice: 'Connect to the primary.' },
    ]);
  });
});

const layoutOf = (partitions: number): { partitions: number; hash: string; codec: string } => ({
  ...{ partitions, hash: 'fnv1a', codec: 'msgpack' },
});
const lost = new UnavailableError('lost', { cause: new Error('Socket closed unexpectedly') });
const forbidden = new UnavailableError('It may not.', { cause: new Error('NOPERM this user has no permissions') });

describe('the checkup of a namespace', () => {
  /** What is found where the server replies like this, and without a write so far elsewhere. */
  function look(replies: Readonly<Record<string, unknown>>, partitions: number = 1): Promise<readonly Finding[]> {
    const usual: Readonly<Record<string, unknown>> = { GET: null, LRANGE: [], PTTL: -2 };
    const connection: Pick<Connection, 'isCluster' | 'query'> = {
      isCluster: false,
      async query([command, _name, from, to]) {
        const reply = replies[String(command)] ?? usual[String(command)];
        if (reply instanceof Error) throw reply;
        return Array.isArray(reply) ? reply.slice(Number(from), Number(to) + 1) : reply;
      },
    };
    return allOf(checkNamespace(connection as Connection, 'n', layoutOf(partitions), soon));
  }

  it('tells three of many problems of one kind, and how many more there are', async () => {
    const told = await look({ GET: Buffer.from('no position') }, 8);

    const damaged = expect.objectContaining({ check: 'position', status: 'fail', advice: expect.any(String) });
    const more = { check: 'position', status: 'fail', message: '5 more partitions are like this.' };
    expect(told).toEqual([damaged, damaged, damaged, more, expect.objectContaining({ check: 'log', status: 'ok' })]);
    expect(await look({ GET: Buffer.from('no position') }, 3)).toHaveLength(4);
  });

  it.each([
    [LOG_CALLS + TRIM_INTERVAL, 'ok', /^The last calls are remembered/],
    [LOG_CALLS + TRIM_INTERVAL + 1, 'warn', /'n#log' is longer/],
  ])('says of a log of %d calls whether it is trimmed', async (calls, status, message) => {
    const [, log] = (await look({ LRANGE: Array.from({ length: calls }, () => Buffer.from('call')) })).toSorted(
      (a, b) => b.check.localeCompare(a.check),
    );

    expect(log).toMatchObject({ check: 'log', status, message: expect.stringMatching(message) });
  });

  it('does not take a lost connection for a key of another type', async () => {
    await expect(look({ LRANGE: lost })).rejects.toBe(lost);
  });
});

describe('the checkup of rights', () => {
  /** What is found where reads end like this, and the look at what a write needs. */
  function look(read: unknown, missing: unknown): Promise<readonly Finding[]> {
    const replyWith = async (reply: unknown): Promise<unknown> => {
      if (reply instanceof Error) throw reply;
      return reply;
    };
    const connection: Pick<Connection, 'isCluster' | 'query' | 'ask'> = {
      isCluster: false,
      query: () => replyWith(read),
      ask: () => replyWith(missing),
    };
    return allOf(checkRights(connection as Connection, 'n', layoutOf(1), soon));
  }

  it.each([
    ['may do all', [], [], ['ok The user may read.', 'ok The user may write.']],
    ['may not read', forbidden, [], ['fail It may not.', 'ok The user may write.']],
    ['may not run scripts', [], forbidden, ['ok The user may read.', 'warn It may not.']],
    ['lacks one', [], [Buffer.from('LTRIM n#log')], ['ok The user may read.', expect.stringMatching(/^warn .*LTRIM/)]],
  ])('tells of a user who %s', async (_name, read, missing, told) => {
    expect((await look(read, missing)).map(({ status, message }) => `${status} ${message}`)).toEqual(told);
  });

  it('does not take a lost connection for a missing right', async () => {
    await expect(look(lost, [])).rejects.toBe(lost);
    await expect(look([], lost)).rejects.toBe(lost);
  });
});
