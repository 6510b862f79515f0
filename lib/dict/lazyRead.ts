import { refuseConversion } from '../cache/entry.ts';

/** What can be awaited. */
export type Awaitable = Pick<Promise<unknown>, 'then'>;

/**
 * A read that asks the store when, and only when, somebody awaits it.
 *
 * Merely looking at a property does no I/O and can leave no rejection behind. Awaiting the same read twice asks once.
 *
 * There is one for every miss under way: two fields and no closure.
 */
export class LazyRead implements Promise<unknown> {
  readonly #key: string;
  /** Who is to be asked, until that was done; then what it returned. */
  #source: ((key: string) => Awaitable) | Awaitable;

  /** @param ask - Called with `key` when the read is awaited. */
  constructor(key: string, ask: (key: string) => Awaitable) {
    this.#key = key;
    this.#source = ask;
    Object.freeze(this);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what it is for
  then<A = unknown, B = never>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#read().then(onValue, onError);
  }

  catch<B = never>(onError?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<unknown> {
    return this.then(undefined).finally(onEnd);
  }

  /** Of all reads, and not in each: to define it costs more than to freeze. */
  [Symbol.toPrimitive](): never {
    return refuseConversion();
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  #read(): Awaitable {
    const source = this.#source;
    if (typeof source !== 'function') return source;
    const read = source(this.#key);
    this.#source = read;
    return read;
  }
}
