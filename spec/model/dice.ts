// In Jest a look at a global costs more than everything else here.
const { imul } = Math;

/** Mulberry32: small, fast, and the same on every machine. */
export class Dice {
  state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** 32 random bits. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer of 0 to `limit - 1`. */
  below(limit: number): number {
    return this.next() % limit;
  }

  chance(percent: number): boolean {
    return percent > 0 && this.next() % 100 < percent;
  }

  pair(): 0 | 1 {
    return (this.next() & 256) === 0 ? 0 : 1;
  }
}
