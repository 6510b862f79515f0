import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Block, Space } from 'neardict';
import { redisStore } from 'neardict/redis';
import { batch, bytes, soon } from '../../../lib/testing/contract/batches.ts';
import { openSpace } from '../../support/openSpace.ts';
import { connectAdmin, type RedisAdmin } from '../../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../../support/redisServer.ts';

describe('blocks of Redis', () => {
  let server: RedisServer;
  let admin: RedisAdmin;
  beforeAll(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  async function* blocksOf(space: Space): AsyncGenerator<Block> {
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const block: Block | undefined = await space.block?.(0, '', cursor, soon());
      if (block === undefined) throw new Error('There are no blocks.');
      yield block;
      cursor = block.next;
    }
  }

  async function keysOf(space: Space): Promise<string[]> {
    const keys = new Set<string>();
    for await (const block of blocksOf(space)) for (const key of block.keys) keys.add(key);
    return [...keys].toSorted();
  }

  const sizeOf = ({ values }: Block): number => values.reduce((sum, value) => sum + (value?.length ?? 0), 0);

  it('hold few values where values are large, and many where they are small', async () => {
    const space = await openSpace(redisStore({ url: server.url }));
    const some = (start: number, value: Uint8Array): [string, Uint8Array][] =>
      Array.from({ length: 100 }, (_, index) => [`key ${start + index}`, value]);
    for (let start = 0; start < 600; start += 100)
      await space.write(0, batch({ sets: some(start, new Uint8Array(20_000)) }), soon());

    const large: number[] = [];
    for await (const block of blocksOf(space)) large.push(sizeOf(block));
    for (let start = 0; start < 600; start += 100)
      await space.write(0, batch({ sets: some(start, bytes('1')) }), soon());
    const small: number[] = [];
    for await (const block of blocksOf(space)) small.push(block.keys.length);

    // The first one can't know. The others are meant to hold 256 KB.
    expect(Math.max(...large.slice(1))).toBeLessThan(1_000_000);
    expect(Math.max(...small)).toBeGreaterThan(100);
    await space.close();
  });

  it('are read by single commands for a user who may run no scripts', async () => {
    const writer = await openSpace(redisStore({ url: server.url }));
    await writer.write(
      0,
      batch({
        sets: [
          ['a', bytes('1')],
          ['b', bytes('2'), 100_000],
        ],
      }),
      soon(),
    );
    const { namespace } = writer;
    await admin.send('ACL', 'SETUSER', 'reader', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-evalsha', '-eval');
    const url = server.url.replace('//', '//reader:secret@');
    const reader = await openSpace(redisStore({ url }), { namespace });

    const block = await reader.block?.(0, '', '', soon());

    expect(await keysOf(reader)).toEqual(['a', 'b']);
    expect(block?.position.seq).toBe(1);
    expect(block?.ttls?.filter((ttl) => ttl !== undefined)).toHaveLength(1);
    await Promise.all([reader.close(), writer.close()]);
  });

  it('hold no names that can not be keys, and nothing of what is no string', async () => {
    const space = await openSpace(redisStore({ url: server.url }));
    const { namespace } = space;
    await space.set('a', '1');
    await space.set('\ufeffä€', '1');
    await admin.send('LPUSH', `${namespace}/list`, 'x');
    await admin.send('EVAL', String.raw`return redis.call('SET', ARGV[1] .. '/\255', 'x')`, '0', namespace);

    const entries = new Map<string, boolean>();
    for await (const { keys, values } of blocksOf(space))
      keys.forEach((key, index) => entries.set(key, values[index] !== undefined));

    expect(entries).toEqual(
      new Map([
        ['a', true],
        ['\ufeffä€', true],
        ['list', false],
      ]),
    );
    await space.close();
  });

  it('are there for one partition on one server alone', async () => {
    const layout = { partitions: 2, hash: 'fnv1a', codec: 'msgpack' };
    const space = await openSpace(redisStore({ url: server.url }), { layout });

    expect(space.block).toBeUndefined();
    await space.close();
  });
});
