import { expect, it } from '@jest/globals';
import { surveyPeers } from '../../lib/bin/peers.ts';
import type { PeerAnswers, Space } from '../../lib/store/store.ts';

const layout = { partitions: 2, hash: 'none', codec: 'msgpack' };

/** A space whose partitions have had 5 write calls each, and what a question brings. */
function spaceWith(answers: PeerAnswers | undefined): Space {
  const askPeers = answers && (async (): Promise<PeerAnswers> => answers);
  return { position: async () => ({ seq: 5, nonce: 1 }), askPeers } as unknown as Space;
}

/** The answer of somebody who has applied this much. */
function answerAt(positions: readonly (readonly [id: number, calls: number])[]): string {
  const counts = { pid: 1, hits: 0, misses: 0, hitRate: 0, entries: 0, pendingWrites: 0, lag: 0, age: 0 };
  return JSON.stringify({ id: 'id', host: 'h', version: '1', state: 'coherent', positions, ...counts });
}

it('a peer is behind by the calls of its partitions that it has not applied, as far as they are known', async () => {
  const positions = [
    [0, 3],
    [1, 9],
    [7, 1],
  ] as const;

  const { peers, silent } = await surveyPeers(spaceWith({ answers: [answerAt(positions)], heard: 3 }), layout, 10);

  expect([peers.map(({ behind }) => behind), silent]).toEqual([[2], 2]);
});

it('nobody is said to be silent where the store can not tell who has heard the question', async () => {
  const { peers, silent } = await surveyPeers(spaceWith({ answers: [answerAt([])], heard: undefined }), layout, 10);

  expect([peers.length, silent]).toEqual([1, 0]);
});

it('nobody is found on a store that knows of no peers', async () => {
  expect(await surveyPeers(spaceWith(undefined), layout, 10)).toEqual({ peers: [], silent: 0 });
});
