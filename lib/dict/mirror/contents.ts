import type { Content } from '../../coherence/staging.ts';

/** A stored value that can't be shown. */
export class Refused {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** What the store holds, as far as it can be shown: where a value can't be, the last good one stays. */
export class Contents {
  /** Keys whose stored value can't be shown, and why. */
  readonly invalid: Map<string, Error> = new Map<string, Error>();
  readonly #values = new Map<string, unknown>();
  readonly #partitionOf: (key: string) => number;

  constructor(partitionOf: (key: string) => number) {
    this.#partitionOf = partitionOf;
  }

  get(key: string): unknown {
    return this.#values.get(key);
  }

  keys(): Set<string> {
    return new Set([...this.#values.keys(), ...this.invalid.keys()]);
  }

  /** The keys that the store holds in a partition. */
  keysOf(partition: number): string[] {
    return [...this.keys()].filter((key) => this.#partitionOf(key) === partition);
  }

  /** Takes a change, and returns whether it can be shown. */
  put(key: string, content: Content): boolean {
    if (content instanceof Refused) {
      this.invalid.set(key, content.error);
      return false;
    }
    this.invalid.delete(key);
    if (content === undefined) this.#values.delete(key);
    else this.#values.set(key, content);
    return true;
  }
}
