import { describe, expect, it } from '@jest/globals';
import type { Batch, NearDict, WriteMode } from 'neardict';
import { openInMemory } from '../support/openInMemory.ts';
import { rawCodec } from '../support/rawCodec.ts';
import { wrapStore } from '../support/wrapStore.ts';

type Raw = NearDict<Record<string, Uint8Array>>;

const MIB = 1024 * 1024;
const large = { maxValueBytes: 2 * MIB };
const some = (bytes: number): Uint8Array => new Uint8Array(bytes);
const modes: readonly WriteMode[] = ['through', { mode: 'back', flushInterval: '1h' }];

describe.each(modes)('what goes out in one call by %p', (write) => {
  /** Resolves the keys of each call in which the writes went out that `make` makes. */
  async function calls(make: (handle: Raw) => void): Promise<string[][]> {
    const batches: Batch[] = [];
    const store = wrapStore((space) => ({
      write(partition, batch, deadline) {
        batches.push(batch);
        return space.write(partition, batch, deadline);
      },
    }));
    await using handle = await openInMemory<Record<string, Uint8Array>>({
      store,
      write,
      codec: rawCodec('raw'),
      ...large,
    });
    make(handle);
    await handle.flush();
    return batches.map(({ sets }) => sets.map(([key]) => key));
  }

  it('are a thousand writes', async () => {
    const sent = await calls(({ dict }) => {
      for (let n = 0; n < 2001; n++) dict[`k${n}`] = some(1);
    });

    expect(sent.map((keys) => keys.length)).toEqual([1000, 1000, 1]);
  });

  it('is a mebibyte, or one value that is larger', async () => {
    const sent = await calls(({ dict }) => {
      dict['half'] = some(MIB / 2);
      dict['other half'] = some(MIB / 2);
      dict['more'] = some(1);
      dict['large'] = some(2 * MIB);
      dict['last but one'] = some(1);
      dict['last'] = some(1);
    });

    expect(sent).toEqual([['half', 'other half'], ['more'], ['large'], ['last but one', 'last']]);
  });

  it('counts what is written, not what was overwritten', async () => {
    const sent = await calls(({ dict }) => {
      dict['a'] = some(MIB);
      dict['a'] = some(1);
      dict['b'] = some(MIB - 1);
      dict['c'] = some(1);
    });

    expect(sent).toEqual([['a', 'b'], ['c']]);
  });

  it('does not count what was given up', async () => {
    const abort = new AbortController();
    const sent = await calls((handle) => {
      handle.dict['a'] = some(1);
      handle.set('b', some(MIB - 1), { signal: abort.signal }).catch(() => {});
      abort.abort();
      handle.dict['c'] = some(MIB - 1);
    });

    expect(sent).toEqual([['a', 'c']]);
  });
});
