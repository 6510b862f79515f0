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
});
