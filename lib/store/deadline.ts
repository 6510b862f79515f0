/** Longest time of a timer, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Bounds operations by one coarse timer, instead of a timer for each.
 *
 * By default the timer keeps the process alive while an operation is under way, so a write that is on the wire of an
 * unref'd socket is not lost when the script ends.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  readonly #resolutionMs: number;
  #keepsAlive: boolean;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param options - `resolutionMs`: how much later than its deadline an operation may end. `keepsAlive`: whether an
   *   operation that is under way keeps the process alive.
   */
  constructor({ resolutionMs = 25, keepsAlive = true }: { resolutionMs?: number; keepsAlive?: boolean } = {}) {
    this.#resolutionMs = resolutionMs;
    this.#keepsAlive = keepsAlive;
  }

  /**
   * Settles as `operation` does, or rejects with `expired()` once the deadline has passed.
   *
   * @param deadline - Monotonic milliseconds.
   * @param failed - Has the last word on what it would reject with.
   */
  within<V>(
    operation: Promise<V>,
    deadline: number,
    expired: () => Error,
    failed?: (error: unknown) => Promise<V>,
  ): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      const waiting: Waiting = {
        deadline,
        expired,
        fail: (error) => {
          if (!this.#waiting.delete(waiting)) return;
          if (failed === undefined) reject(error);
          else resolve(failed(error));
        },
      };
      this.#waiting.add(waiting);
      this.#arm();
      operation.then((value) => {
        this.#waiting.delete(waiting);
        resolve(value);
      }, waiting.fail);
    });
  }

  /** From now on no operation keeps the process alive. */
  release(): void {
    this.#keepsAlive = false;
    this.#timer?.unref();
  }

  /** The timer is left alone between operations that follow each other: to begin and to end it costs more than they do. */
  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      this.#expire();
    }, this.#resolutionMs);
    if (!this.#keepsAlive) this.#timer.unref();
  }

  #expire(): void {
    const now = performance.now();
    for (const waiting of this.#waiting) if (waiting.deadline <= now) waiting.fail(waiting.expired());
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Settles as `operation` does, and keeps the process alive until then. */
export async function keepAlive<V>(operation: Promise<V>): Promise<V> {
  const timer = setInterval(() => {}, LONGEST_MS);
  try {
    return await operation;
  } finally {
    clearInterval(timer);
  }
}

interface Waiting {
  readonly deadline: number;
  readonly expired: () => Error;
  readonly fail: (error: unknown) => void;
}
