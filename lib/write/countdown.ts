import { type NearDictError, PartialWriteError, type WriteFailure } from '../errors.ts';
import type { Ending } from './outcome.ts';

/** Waits for a number of writes and settles once, when the last has ended. */
export class Countdown implements Ending<number> {
  /**
   * Resolves with the number of writes whose key was there before. Rejects with the failure, or with a
   * `PartialWriteError` where the writes did not all end alike.
   */
  readonly done: Promise<number>;
  #left: number;
  #existed = 0;
  readonly #applied: string[] = [];
  readonly #failures: WriteFailure[] = [];
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

  get hasApplied(): boolean {
    return this.#applied.length > 0;
  }

  applied(key: string, existed: boolean): void {
    this.#applied.push(key);
    if (existed) this.#existed++;
    this.#end();
  }

  failed(key: string, error: NearDictError): void {
    this.#failures.push({ key, error });
    this.#end();
  }

  #end(): void {
    if (--this.#left > 0) return;
    const [first] = this.#failures;
    if (first === undefined) this.#resolve(this.#existed);
    else if (this.#applied.length === 0 && this.#failures.every(({ error }) => error.code === first.error.code)) {
      this.#reject(first.error);
    } else this.#reject(new PartialWriteError(this.#applied, this.#failures));
  }
}
