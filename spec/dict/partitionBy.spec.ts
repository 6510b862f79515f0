import { describe, expect, it } from '@jest/globals';
import { ConfigError, type WriteMode } from 'neardict';
import { openInMemory } from '../support/openInMemory.ts';

const placeless = new Error('no tenant in this key');

describe.each<WriteMode>(['through', 'back'])('a partitionBy that fails for a key, with write: %s', (write) => {
  it.each([
    { does: 'throws', partitionBy: throwing, error: placeless, message: placeless.message },
    {
      does: 'returns no string',
      partitionBy: returningNothing,
      error: expect.any(ConfigError),
      message: 'must return a string',
    },
  ])('and $does fails the whole call, of which nothing is written', async ({ partitionBy, error, message }) => {
    await using handle = await openInMemory({ partitions: 4, partitionBy, write });
    await handle.set('here', 1);
    const spread = Array.from({ length: 20 }, (_, index) => `key-${index}`);

    await expect(handle.setMany([...spread, 'bad'].map((key) => [key, 1] as const))).rejects.toEqual(error);
    await expect(handle.deleteMany(['here', 'bad'])).rejects.toEqual(error);
    await expect(handle.set('bad', 1)).rejects.toEqual(error);
    await expect(handle.update('bad', () => 1)).rejects.toEqual(error);
    await expect(handle.getMany(['here', 'bad'])).rejects.toEqual(error);
    expect(() => (handle.dict['bad'] = 1)).toThrow(message);
    await handle.flush();

    expect(await handle.snapshot()).toEqual({ here: 1 });
  });
});

it.each([null, 'tenant', { tenant: 1 }])('a partitionBy that is no function (%j) is refused', async (partitionBy) => {
  const opening = openInMemory({ partitions: 4, partitionBy: partitionBy as never });

  await expect(opening).rejects.toThrow(ConfigError);
  await expect(opening).rejects.toThrow("'partitionBy' must be a function");
});

function throwing(key: string): string {
  if (key === 'bad') throw placeless;
  return key;
}

function returningNothing(key: string): string {
  return key === 'bad' ? (undefined as unknown as string) : key;
}
