import assert from 'node:assert/strict';
import { until } from '../../until.ts';
import { soon } from '../batches.ts';
import { FeedRecorder } from '../feedRecorder.ts';
import { type Cases, plainPosition, type StoreUnderTest } from '../storeUnderTest.ts';

/** Cuts the feed, and waits until it is live again for everybody. */
async function cutAndWait(store: StoreUnderTest, recorders: readonly FeedRecorder[]): Promise<void> {
  const before = recorders.map((recorder) => recorder.count('live'));
  await store.cutFeed();
  for (const [index, recorder] of recorders.entries()) {
    await until('the feed is live again', () => recorder.count('live') > (before[index] ?? 0));
  }
}

export const lostFeedCases: Cases = {
  async 'says to each listener that it is interrupted, then once that it is live again'(store) {
    const recorders = [await store.follow(), await store.follow(), await store.follow(await store.open())];

    await cutAndWait(store, recorders);
    await cutAndWait(store, recorders);

    for (const { events } of recorders) {
      assert.deepEqual(events, ['live', 'interrupted', 'live', 'interrupted', 'live']);
    }
  },

  async 'announces every write from the moment it is live again, in order, and brings none of before after it'(store) {
    const writer = await store.openElsewhere();
    const feed = await store.follow();
    await store.set('a', '1', writer);
    await feed.messagesAre(1);

    await cutAndWait(store, [feed]);
    const heard = feed.messages.length;
    const before = plainPosition((await store.set('a', '2', writer)).position);
    const { position } = await store.set('b', '1', writer);

    await feed.heard(position);
    const later = feed.messages.slice(heard).map((message) => plainPosition(message.position));
    assert.deepEqual(later, [before, plainPosition(position)]);
    assert.deepEqual(plainPosition(feed.messages.at(-1)?.previous ?? position), before);
  },

  async 'lets calls go on, and the log tell what was missed'(store) {
    const feed = await store.follow();
    const { position } = await store.set('a', '1');

    await store.cutFeed();
    const missed = await store.set('b', '1');

    const calls = await store.space.log(0, soon());
    assert.deepEqual(
      Array.from(calls.slice(0, 2), (call) => plainPosition(call.position)),
      [missed.position, position].map(plainPosition),
    );
    await feed.isLive();
    assert.equal(await store.get('b'), '1');
  },

  async 'can be left and joined meanwhile'(store) {
    const [stays, leaves, joins] = [await store.follow(), await store.follow(), new FeedRecorder()];

    await store.cutFeed();
    store.space.unfollow(0, leaves);
    const told = leaves.events.length;
    await store.space.follow(0, joins, soon());
    await until('the others have noticed', () => stays.count('interrupted') > 0);
    for (const recorder of [stays, joins]) await recorder.isLive();
    const { position } = await store.set('a', '1');

    for (const recorder of [stays, joins]) await recorder.heard(position);
    assert.equal(leaves.events.length, told);
  },
};
