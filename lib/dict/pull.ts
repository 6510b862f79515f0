/**
 * Items for one consumer, who takes them when it is ready.
 *
 * It ends when closed, and throws the signal's reason when aborted.
 */
export class Pull<I> {
  readonly #take: () => I | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => void;
  #wake: (() => void) | undefined;
  #isEnded = false;

  /**
   * @param take - The next item; `undefined`: none yet.
   * @param onEnd - Called once, when nobody consumes any more.
   */
  constructor(take: () => I | undefined, signal: AbortSignal | undefined, onEnd: () => void) {
    this.#take = take;
    this.#signal = signal;
    this.#onEnd = onEnd;
  }

  /** There may be an item. */
  wake(): void {
    this.#wake?.();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd();
    this.wake();
  }

  /** The items, one by one. `return()` ends a `next()` that waits, too. */
  iterate(): AsyncIterableIterator<I> {
    const items = this.#drain();
    return {
      next: () => items.next(),
      return: () => {
        this.end();
        return items.return();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async *#drain(): AsyncGenerator<I, void, undefined> {
    try {
      for (;;) {
        this.#signal?.throwIfAborted();
        const item = this.#take();
        if (item !== undefined) yield item;
        else if (this.#isEnded) return;
        else await this.#woken();
      }
    } finally {
      this.end();
    }
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
