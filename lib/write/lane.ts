import type { NearDictError } from '../errors.ts';
import { unanswered } from './failures.ts';

/** What a lane does when its turn has come. */
export interface Turn {
  /** Resolves, never rejects, when it has ended. */
  run(): Promise<void>;
  /** Tells those who wait for it that nobody will know how it ended, or that its turn will never come. */
  giveUp(reason: NearDictError): void;
}

/**
 * The calls of one partition, one after the other.
 *
 * A second call under way could overtake the first where the client has to send it again (after NOSCRIPT or a
 * redirection), and leave the older value behind.
 */
export class Lane {
  readonly #turns: Turn[] = [];
  #current: Turn | undefined;
  #isWoken = false;
  /** Why nothing is done any more. */
  #closedBy: NearDictError | undefined;

  add(turn: Turn): void {
    if (this.#closedBy === undefined) this.#turns.push(turn);
    else turn.giveUp(this.#closedBy);
    this.#wake();
  }

  /** In front of all others. */
  addFirst(turn: Turn): void {
    if (this.#closedBy === undefined) this.#turns.unshift(turn);
    else turn.giveUp(this.#closedBy);
    this.#wake();
  }

  /** Resolves when everything that was added so far has ended. */
  reached(): Promise<void> {
    return new Promise((resolve) => {
      this.add({
        run: async () => {
          resolve();
        },
        giveUp: () => {
          resolve();
        },
      });
    });
  }

  /** Gives everything up. How the turn that has come ends does not matter any more. */
  close(reason: NearDictError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    this.#current?.giveUp(unanswered());
    for (const turn of this.#turns.splice(0)) turn.giveUp(reason);
  }

  /** A turn comes when the code that runs now, and what waited for the turn before, have run: so it can gather. */
  #wake(): void {
    if (this.#isWoken || this.#current !== undefined || this.#turns.length === 0) return;
    this.#isWoken = true;
    process.nextTick(this.#next);
  }

  readonly #next = (): void => {
    this.#isWoken = false;
    this.#current = this.#turns.shift();
    void this.#current?.run().then(this.#ended);
  };

  readonly #ended = (): void => {
    this.#current = undefined;
    this.#wake();
  };
}
