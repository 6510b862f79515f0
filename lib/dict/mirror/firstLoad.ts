import { UnavailableError } from '../../errors.ts';

/** Waits until everything was loaded once. While it waits, the process stays alive. */
export class FirstLoad {
  readonly done: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #isSettled = false;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  /** @param patienceMs - How long nothing may go on before it counts as failed. */
  constructor(patienceMs: number) {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {});
    this.#timer = setTimeout(() => {
      this.fail(new UnavailableError('The store did not bring all that the dictionary holds within `timeout`.'));
    }, patienceMs);
  }

  /** The load has come a step farther. */
  goesOn(): void {
    if (!this.#isSettled) this.#timer.refresh();
  }

  succeed(): void {
    this.#settle();
    this.#resolve();
  }

  fail(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#isSettled = true;
    clearTimeout(this.#timer);
  }
}
