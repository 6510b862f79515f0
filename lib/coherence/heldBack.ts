import type { ChangeSink, KeyChange } from './changes.ts';

/**
 * Tells listeners of changes, and holds back those that would take them behind what readers of their key have seen.
 */
export class HeldBack {
  readonly #sink: ChangeSink;
  readonly #isReadersAhead: (key: string, seq: number | undefined) => boolean;
  readonly #changes = new Map<string, KeyChange>();

  /** @param isReadersAhead - Whether readers see something newer than `seq`, or than what was applied last. */
  constructor(sink: ChangeSink, isReadersAhead: (key: string, seq: number | undefined) => boolean) {
    this.#sink = sink;
    this.#isReadersAhead = isReadersAhead;
  }

  /** Whether anybody wants to be told. */
  get isListening(): boolean {
    return this.#sink.isListening;
  }

  /** Tells of a change that was applied at `seq`. */
  announce(change: KeyChange, seq: number): void {
    if (this.#isReadersAhead(change.key, seq)) this.#changes.set(change.key, change);
    else this.#emit(change);
  }

  /** Something that readers saw of `key` is gone: tells what was held back, unless they are ahead still. */
  release(key: string): void {
    const change = this.#changes.get(key);
    if (change !== undefined && !this.#isReadersAhead(key, undefined)) this.#emit(change);
  }

  /** Listeners are told that anything may have changed. */
  clear(): void {
    this.#changes.clear();
  }

  #emit(change: KeyChange): void {
    this.#changes.delete(change.key);
    this.#sink.changed(change);
  }
}
