import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from 'neardict';
import { fnv1a, mixed, owning, partitioner } from '../../lib/store/partitioner.ts';

/** Rows of the table in the docs: key, hash in hexadecimal, and the partition of 64. */
async function vectors(): Promise<[string, number, number][]> {
  const page = await readFile(join(import.meta.dirname, '../../docs/partitions.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `"(.*?)"` +\| `([0-9a-f]{8})` \| (\d+) +\|$/gm)];
  return rows.map(([, key = '', hash = '', partition]) => [key, Number.parseInt(hash, 16), Number(partition)]);
}

describe('keys are spread over partitions', () => {
  it('as the test vectors in the docs say', async () => {
    const rows = await vectors();
    const partitionOf = partitioner(64);

    expect(rows.length).toBeGreaterThan(5);
    for (const [key, hash, partition] of rows) expect([mixed(fnv1a(key)), partitionOf(key)]).toEqual([hash, partition]);
  });

  it('by a hash that begins as others publish FNV-1a, and is mixed as they publish MurmurHash3', () => {
    expect([fnv1a(''), fnv1a('a'), fnv1a('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
    expect([mixed(0), mixed(1)]).toEqual([0, 0x514e28b7]);
  });

  it.each([
    ['numbered', (index: number) => `user:${index}`],
    ['short', (index: number) => index.toString(36)],
    ['long, different at the start', (index: number) => `${index}/${'x'.repeat(60)}`],
    ['of another script', (index: number) => `ключ${index}`],
  ])('evenly: %s keys', (_, keyOf) => {
    for (const partitions of [2, 64, 300]) {
      const counts = new Uint32Array(partitions);
      const partitionOf = partitioner(partitions);
      for (let index = 0; index < 100 * partitions; index++) counts[partitionOf(keyOf(index))]!++; // always in range

      // By chance alone, 100 a partition vary by 10.
      expect(Math.max(...counts)).toBeLessThan(170);
      expect(Math.min(...counts)).toBeGreaterThan(45);
    }
  });

  it('by what partitionBy returns, so that related keys stay together', () => {
    const partitionOf = partitioner(64, (key) => key.split(':')[0] ?? key);

    expect(partitionOf('ada:name')).toBe(partitionOf('ada:age'));
    expect(new Set(['ada', 'bob', 'cy', 'dee', 'eve'].map((key) => partitionOf(key))).size).toBeGreaterThan(1);
  });

  it('and a partitionBy that returns no string is told so', () => {
    expect(() => partitioner(64, (() => 7) as never)('ada')).toThrow(ConfigError);
  });

  it('and a key that partitionBy does not know is of none', () => {
    const partitionOf = partitioner(64, (key) => (key === 'ada' ? key : (undefined as never)));

    expect(owning(partitionOf, partitionOf('ada'))('ada')).toBe(true);
    expect(Array.from({ length: 64 }, (_, id) => owning(partitionOf, id)('bob'))).not.toContain(true);
  });
});
