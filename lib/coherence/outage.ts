import { UnavailableError } from '../errors.ts';

/** Whether a partition's store is known not to answer. */
export class Outage {
  #isOn = false;
  readonly #onBegin = new Set<() => void>();

  get isOn(): boolean {
    return this.#isOn;
  }

  /** A reading of the position has ended: why the store did not answer, or `undefined` when it did. */
  answered(failure: unknown): void {
    this.#isOn = failure instanceof UnavailableError;
    if (this.#isOn) for (const tell of this.#onBegin) tell();
  }

  /** Calls `tell` whenever a reading finds the store away. Returns what stops it. */
  onBegin(tell: () => void): () => void {
    this.#onBegin.add(tell);
    return () => {
      this.#onBegin.delete(tell);
    };
  }
}
