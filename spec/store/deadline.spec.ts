import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Deadlines } from '../../lib/store/deadline.ts';
import { until } from '../support/until.ts';

const RESOLUTION_MS = 25;
const expired = (): Error => new Error('expired');
const never = new Promise<never>(() => {});

function timers(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
}

describe('deadlines', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** What became of a promise, without waiting for it. */
  function watch(promise: Promise<unknown>): { outcome: unknown } {
    const watched: { outcome: unknown } = { outcome: 'waiting' };
    promise.then(
      (value) => {
        watched.outcome = value;
      },
      (error: unknown) => {
        watched.outcome = error;
      },
    );
    return watched;
  }

  it('let an operation pass that ends in time, with its value or its error', async () => {
    const deadlines = new Deadlines();
    const deadline = performance.now() + 1000;

    await expect(deadlines.within(Promise.resolve('value'), deadline, expired)).resolves.toBe('value');
    await expect(deadlines.within(Promise.reject(new Error('own')), deadline, expired)).rejects.toThrow('own');
  });

  it('end an operation once its deadline has passed, not before, and at most their resolution later', async () => {
    const watched = watch(new Deadlines().within(never, performance.now() + 1000, expired));

    await jest.advanceTimersByTimeAsync(999);
    expect(watched.outcome).toBe('waiting');

    await jest.advanceTimersByTimeAsync(1 + RESOLUTION_MS);
    expect(watched.outcome).toEqual(new Error('expired'));
  });

  it('end each operation by its own deadline, in whatever order they began', async () => {
    const deadlines = new Deadlines();
    const start = performance.now();
    const [late, early] = [500, 100].map((ms) => watch(deadlines.within(never, start + ms, expired)));

    await jest.advanceTimersByTimeAsync(100 + RESOLUTION_MS);
    expect([late?.outcome, early?.outcome]).toEqual(['waiting', new Error('expired')]);

    await jest.advanceTimersByTimeAsync(400);
    expect(late?.outcome).toEqual(new Error('expired'));
  });

  it('end an operation that begins after its deadline', async () => {
    const watched = watch(new Deadlines().within(never, performance.now() - 1, expired));

    await jest.advanceTimersByTimeAsync(RESOLUTION_MS);

    expect(watched.outcome).toEqual(new Error('expired'));
  });

  it('take no notice of what an operation does after its deadline', async () => {
    let fail!: (error: Error) => void;
    const operation = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const watched = watch(new Deadlines().within(operation, performance.now() + 100, expired));
    await jest.advanceTimersByTimeAsync(100 + RESOLUTION_MS);

    fail(new Error('late'));
    await jest.advanceTimersByTimeAsync(0);

    expect(watched.outcome).toEqual(new Error('expired'));
  });

  it('leave the last word on a failure to whom it is given, once', async () => {
    const deadlines = new Deadlines();
    const failures: unknown[] = [];
    const failed = async (error: unknown): Promise<string> => {
      failures.push(error);
      return 'made good';
    };
    let fail!: (error: Error) => void;
    const late = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const outcomes = [Promise.reject(new Error('own')), late].map((operation) =>
      deadlines.within<string>(operation, performance.now() + 100, expired, failed),
    );
    await jest.advanceTimersByTimeAsync(100 + RESOLUTION_MS);

    fail(new Error('late'));

    expect(await Promise.all(outcomes)).toEqual(['made good', 'made good']);
    expect(failures).toEqual([new Error('own'), new Error('expired')]);
  });

  it('use one timer for any number of operations, and none afterwards', async () => {
    const deadlines = new Deadlines();
    const operations = Array.from({ length: 1000 }, (_, index) =>
      watch(deadlines.within(never, performance.now() + 100 + (index % 7), expired)),
    );
    expect(jest.getTimerCount()).toBe(1);

    await jest.advanceTimersByTimeAsync(107 + 2 * RESOLUTION_MS);

    expect(operations.every(({ outcome }) => outcome instanceof Error)).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('work again after a pause', async () => {
    const deadlines = new Deadlines();
    await deadlines.within(Promise.resolve(), performance.now() + 100, expired);
    await jest.advanceTimersByTimeAsync(1000);
    expect(jest.getTimerCount()).toBe(0);

    const watched = watch(deadlines.within(never, performance.now() + 100, expired));
    await jest.advanceTimersByTimeAsync(100 + RESOLUTION_MS);

    expect(watched.outcome).toEqual(new Error('expired'));
  });
});

describe('the process', () => {
  it('is kept alive by an operation under way, and hardly longer', async () => {
    const before = timers().length;
    let finish!: () => void;
    const operation = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const within = new Deadlines().within(operation, performance.now() + 60_000, expired);
    expect(timers()).toHaveLength(before + 1);

    finish();
    await within;

    await until('the timer has ended', () => timers().length <= before);
  });

  it('is not kept alive by an operation that nobody waits for', async () => {
    const before = timers().length;
    const deadlines = new Deadlines({ keepsAlive: false });

    const within = deadlines.within(never, performance.now() + 10, expired);

    expect(timers()).toHaveLength(before);
    await expect(within).rejects.toThrow('expired');
  });
});
