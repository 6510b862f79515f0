import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Change, Message } from 'neardict';
import { Tracker } from '../../../lib/store/redis/tracker.ts';
import { bytes } from '../../../lib/testing/contract/batches.ts';
import { FeedRecorder } from '../../../lib/testing/contract/feedRecorder.ts';

function message(changes: readonly Change[], clear = false): Message {
  return { previous: { seq: 1, nonce: 1 }, position: { seq: 2, nonce: 2 }, origin: 1, clear, changes };
}
const set = (key: string): Message => message([{ type: 'set', key, bytes: bytes('x') }]);
const deleted = (key: string): Message => message([{ type: 'delete', key }]);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a tracker', () => {
  let feed: FeedRecorder;
  let tracker: Tracker;
  beforeEach(() => {
    feed = new FeedRecorder();
    tracker = new Tracker(feed);
    tracker.live();
    feed.events.length = 0;
  });

  it('reports what no message has announced as the change of a foreign program', () => {
    tracker.noticed(['a', 'b']);
    expect(feed.events).toEqual(['foreign set a', 'foreign set b']);
  });

  it('drops a key before its message is told, and again when the server reports it, without another change', () => {
    tracker.message(set('a'));
    tracker.noticed(['a']);
    expect(feed.events).toEqual(['invalidated a', 'message', 'invalidated a']);
  });

  it('takes a second report of a key for a foreign change', () => {
    tracker.message(set('a'));
    tracker.noticed(['a']);
    tracker.noticed(['a']);
    expect(feed.events.at(-1)).toBe('foreign set a');
  });

  it('expects the report of a set however late it comes', async () => {
    tracker.message(set('a'));
    await turn();
    tracker.noticed(['b', 'a']);
    expect(feed.events.slice(2)).toEqual(['foreign set b', 'invalidated a']);
  });

  it('knows several messages that one report covers', () => {
    tracker.message(set('a'));
    tracker.message(set('b'));
    tracker.message(deleted('a'));
    tracker.noticed(['a', 'b']);
    expect(feed.events.slice(-2)).toEqual(['invalidated a', 'invalidated b']);
  });

  it.each([
    ['a delete of a key that was not there', (): Message => deleted('a')],
    ['a clear of what was empty', (): Message => message([], true)],
  ])('does not take a later foreign change for %s', async (_, make) => {
    tracker.message(make());
    await turn();
    tracker.noticed(['a']);
    expect(feed.events.at(-1)).toBe('foreign set a');
  });

  it.each([
    ['a clear', (): Message => message([], true)],
    ['a delete', (): Message => deleted('a')],
  ])('expects one report together with %s, and takes the next for a foreign change', (_, make) => {
    tracker.message(make());
    tracker.noticed(['a']);
    expect(feed.events.slice(-2)).toEqual(['message', 'invalidated a']);
    tracker.noticed(['a']);
    expect(feed.events.at(-1)).toBe('foreign set a');
  });

  it('leaves the report of a foreign change to the server, which notices it too', () => {
    tracker.foreign('a');
    tracker.noticed(['a']);
    expect(feed.events).toEqual(['invalidated a', 'foreign set a']);
  });

  it('trusts nothing of what was read before the feed was live, and expects no report of before', () => {
    tracker.message(set('a'));
    tracker.interrupted();
    tracker.noticed(['b']);
    tracker.live();
    tracker.noticed(['a']);
    expect(feed.events.slice(2)).toEqual(['interrupted', 'invalidated all', 'live', 'foreign set a']);
  });

  it('passes on that everything may have changed', () => {
    tracker.noticed(undefined);
    expect(feed.events).toEqual(['invalidated all']);
  });
});
