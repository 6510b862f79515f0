import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from 'neardict';
import type { Connection } from '../../../lib/store/redis/connection.ts';
import { readApart } from '../../../lib/store/redis/readApart.ts';
import { soon, text } from '../../../lib/testing/contract/batches.ts';

/** A server on which each of the first `writes` readings of a key is followed by a write. */
function serverWith(writes: number): Connection {
  let seq = 1;
  const connection: Pick<Connection, 'query'> = {
    async query([command, name]) {
      if (command === 'GET') return Buffer.from(seq.toString(16).padStart(24, '0'), 'hex');
      if (command === 'PTTL') return name === 'a' ? 500 : -1;
      const value = Buffer.from(`${String(name)} ${seq}`);
      if (name === 'a' && seq <= writes) seq++;
      return [value];
    },
  };
  return connection as Connection;
}

describe('a reading key by key', () => {
  it('is done again until nothing was written meanwhile', async () => {
    const { values, ttls, position } = await readApart(serverWith(2), 'position', ['a', 'b'], soon());

    expect(values.map(text)).toEqual(['a 3', 'b 3']);
    expect([ttls, position.nonce]).toEqual([[500, undefined], 3]);
  });

  it('is given up at the deadline', async () => {
    const reading = readApart(serverWith(Infinity), 'position', ['a', 'b'], performance.now() + 50);

    await expect(reading).rejects.toThrow(UnavailableError);
    await expect(reading).rejects.toThrow('written to all the time');
  });
});
