import { describe, expect, it } from '@jest/globals';
import { hashTags, slotOf } from '../../../lib/store/redis/slots.ts';

describe('hash slots', () => {
  it('are those of the Redis Cluster specification', () => {
    expect(slotOf('123456789')).toBe(0x31c3);
    expect([slotOf('foo'), slotOf('bar'), slotOf('')]).toEqual([12_182, 5061, 0]);
  });

  it.each([1, 2, 3, 16, 64, 100, 1000, 16_384])(
    'hash tags of %d partitions each lie in their own range',
    (partitions) => {
      const tags = hashTags(partitions);

      expect(new Set(tags).size).toBe(partitions);
      expect(tags.map((tag) => Math.floor((slotOf(tag) * partitions) / 16_384))).toEqual([...tags.keys()]);
      expect(tags.every((tag) => /^[0-9a-z]+$/.test(tag))).toBe(true);
    },
  );

  it.each([3, 6, 16])('64 partitions lie evenly over %d masters', (masters) => {
    const counts = new Uint32Array(masters);
    for (const tag of hashTags(64)) counts[Math.floor((slotOf(tag) * masters) / 16_384)]!++; // always in range

    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
});
