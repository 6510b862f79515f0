import type { Position } from '../store/position.ts';

/** Positions remembered; more than a burst can bring between the sending of a read and its reply. */
const CAPACITY = 1024;

/** How a position relates to the history that was applied. */
export type Relation = 'known' | 'forked' | 'ahead' | 'forgotten';

/** The last positions that a partition has applied, without gaps. */
export class Ring {
  readonly #nonces = new Float64Array(CAPACITY);
  #floor = 0;
  #last: Position;

  constructor(start: Position) {
    this.#last = start;
    this.restart(start);
  }

  /** The position applied last. */
  get last(): Position {
    return this.#last;
  }

  /** Forgets everything and goes on from `start`. */
  restart(start: Position): void {
    this.#floor = start.seq;
    this.#last = start;
    this.#nonces[start.seq % CAPACITY] = start.nonce;
  }

  /** Appends the position that follows the last one. */
  push(next: Position): void {
    this.#last = next;
    this.#nonces[next.seq % CAPACITY] = next.nonce;
    if (next.seq - this.#floor >= CAPACITY) this.#floor = next.seq - CAPACITY + 1;
  }

  /**
   * - `known`: in the applied history.
   * - `forked`: its number is in the applied history, with another nonce.
   * - `ahead`: not reached yet.
   * - `forgotten`: too old to tell.
   */
  relate(position: Position): Relation {
    if (position.seq > this.#last.seq) return 'ahead';
    if (position.seq < this.#floor) return 'forgotten';
    return this.#nonces[position.seq % CAPACITY] === position.nonce ? 'known' : 'forked';
  }
}
