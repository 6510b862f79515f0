/**
 * Lets in one at a time, each in a turn of the event loop of its own.
 *
 * A dictionary looks at the clock in the first read of a turn. A process that is stopped between two reads of one turn
 * could serve the second by a clock that stands still: known and documented, so it is kept out of the histories.
 */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];
  #isTurning = false;

  /** @param act - Begins in its own turn, before anything else runs in it. */
  enter<V>(act: () => Promise<V>): Promise<V> {
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        resolve(act());
      });
      if (!this.#isTurning) setImmediate(this.#turn);
      this.#isTurning = true;
    });
  }

  readonly #turn = (): void => {
    this.#waiting.shift()?.();
    this.#isTurning = this.#waiting.length > 0;
    // After the act: its dictionary has asked for the end of its turn before.
    if (this.#isTurning) setImmediate(this.#turn);
  };
}
