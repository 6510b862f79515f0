import { describe, expect, it } from '@jest/globals';
import { memoryStore } from 'neardict';
import { itKeepsStoreContract } from '../contracts/itKeepsStoreContract.ts';
import { batch, soon } from '../../lib/testing/contract/batches.ts';
import { openSpace } from '../support/openSpace.ts';

itKeepsStoreContract('memoryStore', memoryStore);

describe('memoryStore', () => {
  it('keeps values without the buffers that they were cut from', async () => {
    const space = await openSpace(memoryStore());
    const page = Buffer.alloc(100_000, 'page');

    await space.write(0, batch({ sets: [['key', page.subarray(8, 12)]] }), soon());
    const { values } = await space.read(0, ['key'], soon());

    expect(values[0]?.buffer.byteLength).toBe(4);
    await space.close();
  });

  it('remembers the newest calls, and not all that there ever were', async () => {
    const space = await openSpace(memoryStore());
    for (let call = 1; call <= 2000; call++) await space.set(`key ${call}`, '1');

    const log = await space.log(0, soon());

    expect(log.length).toBeGreaterThanOrEqual(256);
    expect(log.length).toBeLessThan(1000);
    expect(log.map(({ keys }) => keys?.[0])).toEqual(log.map((_, index) => `key ${2000 - index}`));
    await space.close();
  });

  it('has no partition but those of its layout', async () => {
    const space = await openSpace(memoryStore());

    await expect(space.read(1, ['a'], soon())).rejects.toThrow(RangeError);
    await space.close();
  });
});
