import { type Duration, durationMs } from '../duration.ts';

/** A clock that goes on as the real one does, and can be set forward. */
export interface FakeClock {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /**
   * Lets time pass at once.
   *
   * @throws {ConfigError} No duration.
   */
  readonly advance: (by: Duration) => void;
}

/**
 * A clock for `testStore`: what is cached and what is stored there ages by it. Timers, timeouts and deadlines go by the
 * real one.
 *
 * @example
 * const clock = fakeClock();
 * const store = testStore({ clock });
 * clock.advance('10m'); // what had 10 minutes to live is gone
 */
export function fakeClock(): FakeClock {
  let aheadMs = 0;
  return {
    now: () => performance.now() + aheadMs,
    advance(by) {
      aheadMs += durationMs('by', by, 0);
    },
  };
}
