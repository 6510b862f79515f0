import type { DictChange } from './events.ts';
import { Pull } from './pull.ts';

/** Distinct changed keys kept for a slow consumer; beyond it the consumer is told that it missed some. */
const MAX_KEPT = 10_000;

/**
 * A change feed with the latest change per key: a consumer that is slow skips what was overtaken.
 *
 * It ends when closed, and throws the signal's reason when aborted.
 */
export class ChangeQueue {
  readonly #kept = new Map<string, DictChange>();
  readonly #pull: Pull<DictChange>;
  #all: DictChange | undefined;

  /** @param onEnd - Called once, when nobody consumes any more. */
  constructor(signal: AbortSignal | undefined, onEnd: () => void) {
    this.#pull = new Pull(() => this.#take(), signal, onEnd);
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
    this.#pull.wake();
  }

  end(): void {
    this.#pull.end();
  }

  iterate(): AsyncIterableIterator<DictChange> {
    return this.#pull.iterate();
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
}
