import type { DictChange } from './events.ts';

/** Distinct changed keys kept for a slow consumer; beyond it the consumer is told that it missed some. */
const MAX_KEPT = 10_000;

/**
 * A change feed with the latest change per key: a consumer that is slow skips what was overtaken.
 *
 * It ends when closed, and throws the signal's reason when aborted.
 */
export class ChangeQueue {
  readonly #kept = new Map<string, DictChange>();
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => void;
  #all: DictChange | undefined;
  #wake: (() => void) | undefined;
  #isEnded = false;

  /** @param onEnd - Called once, when nobody consumes any more. */
  constructor(signal: AbortSignal | undefined, onEnd: () => void) {
    this.#signal = signal;
    this.#onEnd = onEnd;
  }

  push(change: DictChange): void {
    if (change.type === 'clear' || change.type === 'resync' || this.#kept.size >= MAX_KEPT) {
      this.#kept.clear();
      const isResync = change.type !== 'clear' || this.#all?.type === 'resync';
      this.#all = isResync ? { type: 'resync' } : change;
    } else {
      // A key that changes again goes to the end.
      this.#kept.delete(change.key);
      this.#kept.set(change.key, change);
    }
    this.#wake?.();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd();
    this.#wake?.();
  }

  /** The changes, one by one. `return()` ends a `next()` that waits, too. */
  iterate(): AsyncIterableIterator<DictChange> {
    const changes = this.#drain();
    return {
      next: () => changes.next(),
      return: () => {
        this.end();
        return changes.return();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async *#drain(): AsyncGenerator<DictChange, void, undefined> {
    try {
      for (;;) {
        this.#signal?.throwIfAborted();
        const change = this.#take();
        if (change !== undefined) yield change;
        else if (this.#isEnded) return;
        else await this.#change();
      }
    } finally {
      this.end();
    }
  }

  #take(): DictChange | undefined {
    if (this.#all !== undefined) {
      const all = this.#all;
      this.#all = undefined;
      return all;
    }
    const [first] = this.#kept.values();
    if (first !== undefined && 'key' in first) this.#kept.delete(first.key);
    return first;
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
