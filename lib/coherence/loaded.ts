import type { Content, CopyChange, Loaded } from './copyChange.ts';

/** What a load has brought, in the order in which it came. */
export class LoadedRows implements Loaded {
  // A table of keys that nobody looks up would take a good part of the time of a load.
  readonly #keys: string[] = [];
  readonly #contents: Content[] = [];
  readonly #ends: (number | undefined)[] = [];

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
