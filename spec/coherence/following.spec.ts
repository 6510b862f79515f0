import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Following } from '../../lib/coherence/following.ts';
import type { Partition } from '../../lib/coherence/partition.ts';
import type { Verifier } from '../../lib/coherence/verifier.ts';
import type { Space } from '../../lib/store/store.ts';

const INTERVAL_MS = 1000;
const LEAVE_AFTER_MS = 10_000;
const TIMEOUT_MS = 5000;

describe('following', () => {
  let activity: number[];
  let readings: number[];
  let suspects: Set<number>;
  let log: string[];
  let deadlines: number[];
  let refusal: Error | undefined;
  let isWatched: boolean;
  let isMonitored: boolean;
  let following: Following;

  function followingOf(partitions: number): Following {
    activity = Array.from({ length: partitions }, () => 0);
    readings = Array.from({ length: partitions }, () => 0);
    const space = {
      async follow(id: number, _listener: unknown, deadline: number) {
        log.push(`follow ${id}`);
        deadlines.push(deadline);
        if (refusal !== undefined) throw refusal;
      },
      unfollow: (id: number) => void log.push(`unfollow ${id}`),
    } as unknown as Space;
    const parts = activity.map((_, id) => ({
      partition: {
        applied: { seq: id, nonce: 0 },
        get isSynced() {
          return !suspects.has(id);
        },
        leave: () => log.push(`leave ${id}`),
      } as unknown as Partition,
      verifier: {
        request: () => (readings[id] = (readings[id] ?? 0) + 1),
        close: () => log.push(`close ${id}`),
      } as unknown as Verifier,
      activity: () => activity[id] ?? 0,
    }));
    const options = { verifyIntervalMs: INTERVAL_MS, leaveAfterMs: LEAVE_AFTER_MS, timeoutMs: TIMEOUT_MS };
    return new Following(space, parts, {
      ...options,
      isWatched: () => isWatched,
      isMonitored: () => isMonitored,
    });
  }

  function beats(count: number, act: () => void = () => {}): void {
    for (let beat = 0; beat < count; beat++) {
      act();
      jest.advanceTimersByTime(INTERVAL_MS);
    }
  }

  const read = (id: number): void => {
    activity[id] = (activity[id] ?? 0) + 1;
  };

  beforeEach(() => {
    jest.useFakeTimers();
    suspects = new Set();
    log = [];
    deadlines = [];
    refusal = undefined;
    isWatched = false;
    isMonitored = false;
    following = followingOf(4);
  });
  afterEach(() => {
    following.close();
    jest.useRealTimers();
  });

  it('concerns only partitions that are used, each once', () => {
    following.use(2);
    following.use(2);

    expect(log).toEqual(['follow 2']);
  });

  it('knows which partitions it follows, and how far', () => {
    following.use(2);
    following.use(0);

    expect(following.partitions.map(({ applied }) => applied.seq)).toEqual([2, 0]);
    expect([...following.positions]).toEqual([
      [2, { seq: 2, nonce: 0 }],
      [0, { seq: 0, nonce: 0 }],
    ]);
  });

  it('goes on trying when a feed does not come in time', async () => {
    refusal = new Error('late');
    await expect(following.follow(1, 1234)).rejects.toBe(refusal);
    following.use(1);
    following.use(2);

    expect(log).toEqual(['follow 1', 'follow 2']);
    expect(deadlines).toEqual([1234, performance.now() + TIMEOUT_MS]);
  });

  it('has the positions of those read at once that have lost sync', () => {
    suspects = new Set([1, 2]);
    following.use(0);
    following.use(1);
    following.verifySuspects();

    expect(readings).toEqual([0, 1, 0, 0]);
  });

  it('does not begin when it is closed', () => {
    following.close();
    following.keepProving();

    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends for good when it is closed', () => {
    following = followingOf(2);
    following.use(0);
    following.close();
    following.use(1);
    following.keepProving();

    expect(log).toEqual(['follow 0', 'close 0', 'leave 0', 'close 1', 'leave 1']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('reads positions while the partition is read, and a little longer', () => {
    following.use(2);
    beats(5, () => {
      read(2);
    });
    expect(readings).toEqual([0, 0, 5, 0]);

    beats(5);
    expect(readings).toEqual([0, 0, 7, 0]);
  });

  it('goes on reading one position while somebody wants to hear of an outage', () => {
    isMonitored = true;
    following.use(2);
    beats(20);

    expect(readings[2]).toBe(2);
    expect(readings[0]).toBeGreaterThan(5);
    expect(log).toContain('leave 2');
  });

  it('reads the position again at once when a partition is used after a rest', () => {
    following.use(2);
    beats(6);
    read(2);
    beats(1);

    expect(readings[2]).toBe(3);
  });

  it('ends when a partition was not read for long, and begins again with the next read', () => {
    following.use(2);
    beats(9);
    expect(log).toEqual(['follow 2']);

    beats(2);
    expect(log).toEqual(['follow 2', 'unfollow 2', 'leave 2']);
    expect(jest.getTimerCount()).toBe(0);

    following.use(2);
    expect(log.at(-1)).toBe('follow 2');
  });

  it('does not end while a key is watched', () => {
    const release = following.hold(1);
    const releaseAnother = following.hold(1);
    release();
    beats(30);
    expect(log).toEqual(['follow 1']);
    expect(readings[1]).toBe(30);

    releaseAnother();
    beats(1);
    expect(log).toContain('unfollow 1');
  });

  it('of all partitions lasts as long as somebody listens', () => {
    isWatched = true;
    following.followAll();
    following.keepProving();
    beats(30);

    expect(log).toEqual(['follow 0', 'follow 1', 'follow 2', 'follow 3']);
    expect(readings).toEqual([30, 30, 30, 30]);
  });

  it('never ends for the only partition of a dictionary, which rests without a timer', () => {
    following = followingOf(1);
    following.use(0);
    beats(100);

    expect(log).toEqual(['follow 0']);
    expect(jest.getTimerCount()).toBe(0);
  });
});
