import assert from 'node:assert/strict';
import type { Receipt } from '../../../store/store.ts';
import { ORIGIN } from '../../../store/position.ts';
import { soon } from '../batches.ts';
import { FeedRecorder } from '../feedRecorder.ts';
import { type Cases, plainPosition } from '../storeUnderTest.ts';

export const feedCases: Cases = {
  async 'says that it is live before the first message, and never from inside the call'(store) {
    for (const recorder of [new FeedRecorder(), new FeedRecorder()]) {
      const following = store.space.follow(0, recorder, soon());
      assert.deepEqual(recorder.events, []);

      await following;
      assert.deepEqual(recorder.events, ['live']);

      await store.set('a', '1');
      await recorder.messagesAre(1);
      assert.deepEqual(recorder.events, ['live', 'message']);
    }
  },

  async 'announces every write from the moment it is live'(store) {
    const other = await store.openElsewhere();
    const stop = new AbortController();
    const receipts: Receipt[] = [];
    const writing = (async () => {
      while (!stop.signal.aborted) receipts.push(await store.set('a', '1', other));
    })();
    let firstUnheard = Number.POSITIVE_INFINITY;
    const feed = new FeedRecorder(() => {
      firstUnheard = Math.min(firstUnheard, receipts.length);
    });
    await store.space.follow(0, feed, soon());
    await store.set('b', '1', other);
    stop.abort();
    await writing;

    // The one that was under way may have come before.
    const owed = receipts.slice(firstUnheard + 1).map(({ position }) => position.nonce);
    await feed.heard(receipts.at(-1)?.position);
    const heard = new Set(feed.messages.map(({ position }) => position.nonce));
    assert.deepEqual(
      owed.filter((nonce) => !heard.has(nonce)),
      [],
    );
  },

  async 'announces writes in their order, each continuing the one before'(store) {
    const feed = await store.follow();
    const writers = [store.space, await store.open(), await store.openElsewhere()];
    const receipts = await Promise.all(
      Array.from({ length: 300 }, (_, index) => store.set(`key ${index}`, '1', writers[index % writers.length])),
    );

    await feed.messagesAre(300);
    let previous = ORIGIN;
    for (const message of feed.messages) {
      assert.deepEqual(plainPosition(message.previous), previous);
      assert.equal(message.position.seq, previous.seq + 1);
      previous = plainPosition(message.position);
    }
    assert.deepEqual(
      new Set(feed.messages.map(({ position }) => position.nonce)),
      new Set(receipts.map(({ position }) => position.nonce)),
    );
  },

  async 'reaches each of several listeners, and none after its space was closed'(store) {
    const leaving = await store.open();
    const [first, second, gone] = [await store.follow(), await store.follow(), await store.follow(leaving)];
    await store.set('a', '1');
    for (const feed of [first, second, gone]) await feed.messagesAre(1);

    await leaving.close();
    await store.set('a', '2');
    await first.messagesAre(2);
    await second.messagesAre(2);

    assert.equal(gone.messages.length, 1);
  },

  async 'tells a listener nothing more that has left, and goes on for others'(store) {
    const [stays, leaves] = [await store.follow(), await store.follow()];
    await store.set('a', '1');
    for (const feed of [stays, leaves]) await feed.messagesAre(1);

    store.space.unfollow(0, leaves);
    await store.set('a', '2');
    await stays.messagesAre(2);
    await store.space.follow(0, leaves, soon());
    const { position } = await store.set('a', '3');
    await leaves.heard(position);

    assert.equal(leaves.messages.length, 2);
  },

  async 'can be left and joined again at once'(store) {
    for (let round = 0; round < 20; round++) {
      const visitor = await store.open();
      const following = visitor.follow(0, new FeedRecorder(), soon());
      if (round % 2 === 0) await following;
      else following.catch(() => {});
      await visitor.close();
      const next = await store.open();
      const feed = await store.follow(next);
      const { position } = await store.set('a', String(round));
      await feed.heard(position);
      assert.equal(feed.count('interrupted'), 0);
      await next.close();
    }
  },

  async 'stays well when it is distrusted'(store) {
    const feed = await store.follow();

    store.space.distrust(0);
    await store.set('a', '1');
    await feed.isLive();
    const { position } = await store.set('a', '2');

    await feed.heard(position);
    assert.equal(await store.get('a'), '2');
  },
};
