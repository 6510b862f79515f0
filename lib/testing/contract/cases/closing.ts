import assert from 'node:assert/strict';
import { soon } from '../batches.ts';
import { FeedRecorder } from '../feedRecorder.ts';
import { type Cases, plainPosition, rejects } from '../storeUnderTest.ts';

const CLOSED = 'ERR_NEARDICT_CLOSED';

export const closingCases: Cases = {
  async 'every call rejects with ClosedError'(store) {
    const { space } = store;
    await space.close();

    await rejects(space.read(0, ['a'], soon()), CLOSED);
    await rejects(store.set('a', '1'), CLOSED);
    await rejects(space.position(0, soon()), CLOSED);
    await rejects(space.log(0, soon()), CLOSED);
    await rejects(store.scan(), CLOSED);
    await rejects(space.follow(0, new FeedRecorder(), soon()), CLOSED);
    space.distrust(0);
  },

  async 'a call of follow that was under way rejects with ClosedError'(store) {
    const following = rejects(store.space.follow(0, new FeedRecorder(), soon()), CLOSED);

    await store.space.close();

    await following;
  },

  async 'another close does nothing, and others go on'(store) {
    const [other, elsewhere] = [await store.open(), await store.open({ namespace: `${store.namespace}-2` })];
    const feed = await store.follow(other);

    await store.space.close();
    await store.space.close();

    const { position } = await store.set('a', '1', other);
    await feed.heard(position);
    await store.set('a', '1', elsewhere);
    assert.deepEqual([await store.get('a', other), await store.get('a', elsewhere)], ['1', '1']);
  },

  async 'the namespace can be opened again and holds what it held'(store) {
    const { position } = await store.set('a', '1');
    await store.space.close();

    const again = await store.open();

    assert.equal(await store.get('a', again), '1');
    const next = await store.set('a', '2', again);
    assert.equal(next.position.seq, position.seq + 1);
    assert.deepEqual(plainPosition(await again.position(0, soon())), plainPosition(next.position));
  },
};
