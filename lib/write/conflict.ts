/** A key that was edited here has another value in the store than the one on which the edit was based. `undefined` is missing. */
export interface WriteConflict<K extends string = string> {
  readonly key: K;
  /** What the key held when it was edited. */
  readonly base: unknown;
  /** What it holds in this process. */
  readonly mine: unknown;
  /** What it holds in the store. */
  readonly theirs: unknown;
  /** What becomes of it: theirs stays, mine is written over it, or both were merged. */
  readonly resolution: 'remote' | 'local' | 'merged';
  /** What the key holds here now. */
  readonly result: unknown;
}

/**
 * Makes one value of two. `undefined` stands for a missing one.
 *
 * @returns The new value, or `REMOVE`, or a promise of it, which has `timeout` to come.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- the options do not know the types of the values
export type Merge = (base: any, mine: any, theirs: any, key: string) => unknown;

/** What becomes of a conflict: theirs stays, mine is written over it, or both are merged. */
export type ConflictPolicy = 'remote' | 'local' | Merge;
