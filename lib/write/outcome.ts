import type { NearDictError } from '../errors.ts';
import type { Waiter } from './writer.ts';

/** Waits for writes, and settles once, when they have ended. */
export interface Ending<V> extends Waiter {
  readonly done: Promise<V>;
  /** Whether one of the writes is in the store. */
  readonly hasApplied: boolean;
}

/** Waits for one write. */
export class Outcome implements Ending<boolean> {
  /** Resolves whether the key was there before, where the write deletes it. Rejects with the failure. */
  readonly done: Promise<boolean>;
  hasApplied = false;
  #resolve!: (existed: boolean) => void;
  #reject!: (error: NearDictError) => void;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  applied(_key: string, existed: boolean): void {
    this.hasApplied = true;
    this.#resolve(existed);
  }

  failed(_key: string, error: NearDictError): void {
    this.#reject(error);
  }
}
