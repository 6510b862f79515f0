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
   */
  within<V>(operation: Promise<V>, deadline: number, expired: () => Error): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      const waiting: Waiting = {
        deadline,
        expire: () => {
          reject(expired());
        },
      };
      this.#waiting.add(waiting);
      this.#arm();
      operation.then(
        (value) => {
          this.#end(waiting);
          resolve(value);
        },
        (error: unknown) => {
          this.#end(waiting);
          reject(error);
        },
      );
    });
  }

  /** From now on no operation keeps the process alive. */
  release(): void {
    this.#keepsAlive = false;
    this.#timer?.unref();
  }

  #arm(): void {
    this.#timer ??= setInterval(() => {
      this.#expire();
    }, this.#resolutionMs);
    if (this.#keepsAlive) this.#timer.ref();
    else this.#timer.unref();
  }

  #end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size === 0) this.#timer?.unref();
  }

  #expire(): void {
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const waiting of this.#waiting) {
      if (waiting.deadline > now) continue;
      waiting.expire();
      this.#end(waiting);
    }
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
  readonly expire: () => void;
}
