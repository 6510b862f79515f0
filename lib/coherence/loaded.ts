import type { Content, CopyChange } from './copyChange.ts';

/**
 * What a load has brought, in the order in which it came: of a key that came twice, the last counts.
 *
 * In rows, because a table of a hundred thousand keys that nobody looks up takes a good part of the time of a load.
 */
export class Loaded implements Iterable<readonly [string, CopyChange]> {
  readonly #keys: string[] = [];
  readonly #contents: Content[] = [];
  readonly #ends: (number | undefined)[] = [];

  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  add(key: string, content: Content, expiresAt: number | undefined): void {
    this.#keys.push(key);
    this.#contents.push(content);
    this.#ends.push(expiresAt);
  }

  *[Symbol.iterator](): Generator<readonly [string, CopyChange], void, undefined> {
    for (const [index, key] of this.#keys.entries())
      yield [key, { content: this.#contents[index], expiresAt: this.#ends[index] }];
  }
}
