import { seededRandom } from '../support/seededRandom.ts';

/** Everything that is left to chance in one run, from one seed. */
export class Chance {
  /** A number from 0 to below 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** An integer of 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** `true` with the probability `share`. */
  is(share: number): boolean {
    return this.next() < share;
  }

  pick<V>(values: readonly V[]): V {
    return values[this.below(values.length)] as V;
  }
}
