/** What became of a write, for all that its handle was told. */
export type WriteState =
  | 'open'
  | 'applied'
  | 'failed'
  /** It was given up, or an error was heard that may be its own: it may be pending, applied or neither. */
  | 'doubtful'
  /** It was applied and a failover has lost it. */
  | 'lost';

/** One write of one handle. */
export interface OwnWrite {
  readonly number: number;
  readonly key: string;
  /** `undefined` deletes. */
  readonly value: number | undefined;
  state: WriteState;
  readonly startedAt: number;
  /** Time from which on it may have failed without a word: its call waits for the writes of other keys. */
  readonly certainUntil: number;
  /** Tick at which it is known to have ended. */
  endedAt: number;
}

/** A write that was executed: with `number`, all writes before it are done or replaced. */
interface Applied {
  readonly number: number;
  readonly index: number;
}

/** What one handle did with one key, and must not fall behind any more. */
export class Session {
  readonly writes: OwnWrite[] = [];
  /** Index of the newest version that was shown. */
  seen = 0;
  /** Time of the last failover that lost versions of the key. */
  rolledBackAt: number = Number.NEGATIVE_INFINITY;
  #applied: Applied[] = [];

  get lastNumber(): number {
    return this.writes.at(-1)?.number ?? -1;
  }

  /** The newest write that readers have to see, of those up to a number. */
  newest(upTo: number, now: number): OwnWrite | undefined {
    return this.writes.findLast(
      ({ number, state, certainUntil }) =>
        number <= upTo && (state === 'applied' || (state === 'open' && now < certainUntil)),
    );
  }

  /** The oldest write that may be pending. */
  get oldest(): OwnWrite | undefined {
    return this.writes.find(({ endedAt }) => endedAt === Number.POSITIVE_INFINITY);
  }

  /** The newest write of this value. */
  newestOf(value: number | undefined): OwnWrite | undefined {
    return this.writes.findLast((write) => write.value === value);
  }

  applied(number: number, index: number): void {
    this.#applied.push({ number, index });
  }

  /** The first index at which the write, or one that took its place, stands. */
  indexOf(write: OwnWrite): number | undefined {
    let first: number | undefined;
    for (const { number, index } of this.#applied) {
      if (number >= write.number && (first === undefined || index < first)) first = index;
    }
    return first;
  }

  /** The last changes of the key are lost. */
  rollBack(at: number): void {
    const last = Math.max(-1, ...this.#applied.map(({ number }) => number));
    for (const write of this.writes) if (write.number <= last) write.state = 'lost';
    this.#applied = [];
    this.seen = 0;
    this.rolledBackAt = at;
  }
}
