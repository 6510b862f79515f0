import { guardRead } from '../cache/entry.ts';

/**
 * A read that asks the store when, and only when, somebody awaits it.
 *
 * Merely looking at a property does no I/O and can leave no rejection behind. Awaiting the same read twice asks once.
 */
export class LazyRead implements Promise<unknown> {
  readonly #start: () => Promise<unknown>;
  #read: Promise<unknown> | undefined;

  constructor(start: () => Promise<unknown>) {
    this.#start = start;
    Object.freeze(guardRead(this));
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what it is for
  then<A = unknown, B = never>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(onValue, onError);
  }

  catch<B = never>(onError?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.#promise().catch(onError);
  }

  finally(onEnd?: (() => void) | null): Promise<unknown> {
    return this.#promise().finally(onEnd);
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  #promise(): Promise<unknown> {
    this.#read ??= this.#start();
    return this.#read;
  }
}
