import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from 'neardict';
import { checkServer } from '../../../lib/store/redis/checkup/server.ts';
import type { Finding } from '../../../lib/store/redis/checkup/finding.ts';
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
  const findings: Finding[] = [];
  for await (const finding of checkServer(connection as Connection, soon)) findings.push(finding);
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
