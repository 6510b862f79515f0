import type { NearDictError } from '../errors.ts';
import type { Waiter } from './writer.ts';

/** Waits for a number of writes and settles once, when the last has ended. */
export class Countdown implements Waiter {
  /** Resolves with the number of writes whose key was there before, or rejects with the first failure. */
  readonly done: Promise<number>;
  #left: number;
  #existed = 0;
  #error: NearDictError | undefined;
  #resolve!: (existed: number) => void;
  #reject!: (error: NearDictError) => void;

  constructor(writes: number) {
    this.#left = writes;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (writes === 0) this.#resolve(0);
  }

  applied(existed: boolean): void {
    if (existed) this.#existed++;
    this.#end();
  }

  failed(error: NearDictError): void {
    this.#error ??= error;
    this.#end();
  }

  #end(): void {
    if (--this.#left > 0) return;
    if (this.#error === undefined) this.#resolve(this.#existed);
    else this.#reject(this.#error);
  }
}
