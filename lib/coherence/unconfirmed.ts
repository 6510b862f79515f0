import type { Position } from '../store/position.ts';

/** Positions that came with replies before the feed reached them: it confirms them, or shows that they were lost. */
export class Unconfirmed {
  readonly #nonces = new Map<number, number>();
  #top = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#nonces.size === 0;
  }

  /** @returns `false`: another history has claimed this number. */
  add({ seq, nonce }: Position, now: number): boolean {
    const present = this.#nonces.get(seq);
    if (present !== undefined) return present === nonce;
    this.#nonces.set(seq, nonce);
    this.#top = Math.max(this.#top, seq);
    this.#lastAt = now;
    return true;
  }

  /** The feed has reached a position. @returns `false`: a reply came from another history. */
  reach({ seq, nonce }: Position): boolean {
    const expected = this.#nonces.get(seq);
    this.#nonces.delete(seq);
    return expected === undefined || expected === nonce;
  }

  /** Whether a proof as of `asOf`, with the feed at `reached`, shows that replies came from a history that was lost. */
  isLost(asOf: number, reached: number): boolean {
    return !this.isEmpty && asOf > this.#lastAt && reached < this.#top;
  }

  clear(): void {
    this.#nonces.clear();
    this.#top = 0;
  }
}
