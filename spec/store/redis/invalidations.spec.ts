import { beforeEach, describe, expect, it } from '@jest/globals';
import { Invalidations } from '../../../lib/store/redis/invalidations.ts';
import { FeedRecorder } from '../../../lib/testing/contract/feedRecorder.ts';

const names = (...texts: readonly string[]): readonly Buffer[] => texts.map((name) => Buffer.from(name));

describe('what the server notices', () => {
  let invalidations: Invalidations;
  beforeEach(() => {
    invalidations = new Invalidations();
  });
  /** What is heard of the keys with a prefix, from now on. */
  function listenTo(prefix: string): FeedRecorder {
    const feed = new FeedRecorder();
    invalidations.track(prefix, feed).live();
    feed.events.length = 0;
    return feed;
  }

  it('is told to all who listen to a partition, and to nobody else', () => {
    const [first, second, other] = [listenTo('n/'), listenTo('n/'), listenTo('m/')];

    invalidations.message(names('n/a', 'n/b/c', 'x/a', 'bare'));

    for (const feed of [first, second]) expect(feed.events).toEqual(['foreign set a', 'foreign set b/c']);
    expect(other.events).toEqual([]);
  });

  it('is told no more to one who has stopped listening, but to the others', () => {
    const [first, second] = [listenTo('n/'), listenTo('n/')];
    invalidations.untrack('n/', first);

    invalidations.message(names('n/a'));

    expect([first.events, second.events]).toEqual([[], ['foreign set a']]);
  });

  it('may be that everything is gone', () => {
    const feeds = [listenTo('n/'), listenTo('n/'), listenTo('m/')];

    invalidations.message(null);

    for (const feed of feeds) expect(feed.events).toEqual(['invalidated all']);
  });
});
