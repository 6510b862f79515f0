import type { Position } from './position.ts';
import type { Block } from './store.ts';

/** What a block holds. */
export type Held = Pick<Block, 'keys' | 'values' | 'ttls'>;

/** A block that is taken apart when it is first looked at: by then the next one is on its way. */
export class LateBlock implements Block {
  readonly position: Position;
  readonly next: string | undefined;
  #open: (() => Held) | undefined;
  #held!: Held;

  /** @param open - Takes it apart. Called once. */
  constructor(position: Position, next: string | undefined, open: () => Held) {
    this.position = position;
    this.next = next;
    this.#open = open;
  }

  get keys(): Held['keys'] {
    return this.#opened.keys;
  }

  get values(): Held['values'] {
    return this.#opened.values;
  }

  get ttls(): Held['ttls'] {
    return this.#opened.ttls;
  }

  get #opened(): Held {
    if (this.#open === undefined) return this.#held;
    this.#held = this.#open();
    this.#open = undefined;
    return this.#held;
  }
}
