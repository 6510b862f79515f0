import { hostname } from 'node:os';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ClosedError, openDict } from 'neardict';
import { peersIn } from '../../lib/dict/peers.ts';
import { freshNamespace, openInMemory } from '../support/openInMemory.ts';
import { wrapStore } from '../support/wrapStore.ts';

describe('the peers of a dictionary', () => {
  it('are the handles of the process in memory, each with its own counts', async () => {
    const namespace = freshNamespace();
    await using one = await openInMemory({ namespace });
    await using other = await openInMemory({ namespace });
    await using stranger = await openInMemory();
    await one.set('a', 1);
    for (let count = 0; count < 4; count++) await other.get('a');

    const peers = await one.peers();

    expect(peers.map(({ hits, misses, hitRate }) => ({ hits, misses, hitRate }))).toEqual(
      expect.arrayContaining([
        { hits: 0, misses: 0, hitRate: 0 },
        { hits: 3, misses: 1, hitRate: 0.75 },
      ]),
    );
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    const common = { pid: process.pid, host: hostname(), version, state: 'coherent', positions: [[0, 1]] };
    expect(peers).toEqual([expect.objectContaining(common), expect.objectContaining(common)]);
    expect(new Set(peers.map(({ id }) => id)).size).toBe(2);

    expect(await stranger.peers()).toHaveLength(1);
    await other.close();
    expect(await one.peers()).toHaveLength(1);
    await expect(other.peers()).rejects.toThrow(ClosedError);
  });

  it('are this one alone on a store that knows of none', async () => {
    await using alone = await openDict({ namespace: freshNamespace(), store: wrapStore(() => ({})) });

    expect(await alone.peers()).toEqual([expect.objectContaining({ pid: process.pid, state: 'coherent' })]);
  });

  it('are told of also before they are proven for the first time', async () => {
    await using dict = await openInMemory();
    const [own] = await dict.peers();

    expect(peersIn([JSON.stringify({ ...own, lag: Infinity })])).toEqual([{ ...own, lag: Infinity }]);
  });

  it('are never what anybody sends', async () => {
    await using dict = await openInMemory();
    const [own] = await dict.peers();
    const answers = ['', 'null', '[]', '{}', '"x"', JSON.stringify({ ...own, pid: '1' })];
    const odd = [{ positions: [['a', 1]] }, { positions: 1 }, { state: 1 }].map((part) => ({ ...own, ...part }));

    expect(peersIn([...answers, ...odd.map((each) => JSON.stringify(each))])).toEqual([]);
    expect(peersIn([JSON.stringify(own)])).toEqual([own]);
  });
});
