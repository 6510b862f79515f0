/** A place in a history: its number, and the random nonce of the write that made it. */
export interface Position {
  readonly seq: number;
  readonly nonce: number;
}

export const ORIGIN: Position = { seq: 0, nonce: 0 };

export function isSame(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.nonce === b.nonce;
}

export function show(position: Position): string {
  return `${position.seq}.${position.nonce}`;
}

export type Relation = 'known' | 'forked' | 'ahead' | 'forgotten';

/** The last positions applied, without gaps. */
export class Ring {
  readonly #size: number;
  #positions: Position[] = [ORIGIN];
  last: Position = ORIGIN;

  constructor(size: number) {
    this.#size = size;
  }

  restart(position: Position): void {
    this.#positions = [position];
    this.last = position;
  }

  push(position: Position): void {
    this.#positions.push(position);
    this.last = position;
    if (this.#positions.length > this.#size) this.#positions.shift();
  }

  relate({ seq, nonce }: Position): Relation {
    if (seq > this.last.seq) return 'ahead';
    const found = this.#positions[this.#positions.length - 1 - (this.last.seq - seq)];
    if (found === undefined) return 'forgotten';
    return found.nonce === nonce ? 'known' : 'forked';
  }
}
