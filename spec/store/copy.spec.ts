import { beforeEach, describe, expect, it } from '@jest/globals';
import { memoryStore } from 'neardict';
import { compareEntries, copyEntries, type CopyCounts, type Side } from '../../lib/store/copy.ts';
import { batch, bytes, soon } from '../../lib/testing/contract/batches.ts';
import { openSpace, type TestSpace } from '../support/openSpace.ts';

describe('a copy', () => {
  let target: TestSpace;
  /** What others write into the target between the look at it and the write. */
  let meanwhile: Readonly<Record<string, string>>;
  let writes: number;
  let to: Side;
  beforeEach(async () => {
    target = await openSpace(memoryStore());
    meanwhile = {};
    writes = 0;
    to = {
      partitionOf: () => 0,
      space: {
        ...({ read: target.read.bind(target) } as Side['space']),
        async write(...args) {
          writes++;
          const sets = Object.entries(meanwhile).map(([key, value]) => [key, bytes(value)] as const);
          meanwhile = {};
          if (sets.length > 0) await target.write(0, batch({ sets }), soon());
          return target.write(...args);
        },
      },
    };
  });

  function copy(entries: Readonly<Record<string, string>>): Promise<CopyCounts> {
    const all = Object.entries(entries).map(([key, value]) => ({ key, bytes: bytes(value), ttlMs: undefined }));
    const batches = (async function* () {
      yield all;
    })();
    return copyEntries(batches, to, { overwrites: false, stepMs: 20_000, onProgress: () => {} });
  }

  it('leaves what others have written meanwhile, and writes the rest', async () => {
    meanwhile = { b: 'theirs' };

    expect(await copy({ a: 'ours', b: 'ours' })).toEqual({ copied: 1, same: 0, differing: 1 });
    expect([await target.get('a'), await target.get('b')]).toEqual(['ours', 'theirs']);
  });

  it('writes nothing more where others have written everything meanwhile', async () => {
    meanwhile = { a: 'theirs', b: 'theirs' };

    expect(await copy({ a: 'ours', b: 'ours' })).toEqual({ copied: 0, same: 0, differing: 2 });
    expect([await target.get('a'), await target.get('b'), writes]).toEqual(['theirs', 'theirs', 1]);
  });

  it('can be compared with its source: what is equal, differs and is missing', async () => {
    const source = await openSpace(memoryStore());
    for (const key of ['equal', 'differing', 'missing']) await source.set(key, 'ours');
    await target.set('equal', 'ours');
    await target.set('differing', 'theirs');

    const found = await compareEntries({ space: source, partitionOf: () => 0 }, to, 20_000);

    expect(found).toEqual({ same: 1, differing: 1, missing: 1 });
  });
});
