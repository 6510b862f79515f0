import { expect, it } from '@jest/globals';
import type { Connection } from '../../../lib/store/redis/connection.ts';
import { namespacesIn, type Probe } from '../../../lib/store/redis/probe.ts';
import { soon } from '../../../lib/testing/contract/batches.ts';

it('the namespaces of all servers are those of records, each once, and of no other names', async () => {
  const pages: Readonly<Record<string, readonly [cursor: string, names: readonly string[]]>> = {
    'one 0': ['7', ['b#meta', 'a name#meta', '#meta']],
    'one 7': ['0', ['a#meta', 'b#meta']],
    'two 0': ['0', ['c#meta', 'a/b#meta']],
  };
  const connection: Pick<Connection, 'servers' | 'query'> = {
    servers: async () => ['one', 'two'] as never,
    async query([, cursor], _deadline, _isIdle, server) {
      const [next, names] = pages[`${server as unknown as string} ${String(cursor)}`] ?? [];
      return [Buffer.from(String(next)), names?.map((name) => Buffer.from(name))];
    },
  };

  expect(await namespacesIn({ connection } as Probe, soon)).toEqual(['a', 'b', 'c']);
});
