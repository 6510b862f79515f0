/** What a key holds in a copy: a decoded value; `undefined` for a missing key; or why its value is not to be shown. */
export type Content = unknown;

/** A change of one key in a copy. */
export interface CopyChange {
  readonly content: Content;
  /** Monotonic milliseconds after which the key is gone; `undefined`: no limit. */
  readonly expiresAt: number | undefined;
}

type KeyedChanges = Iterable<readonly [key: string, CopyChange]>;

/** What a load has brought: of a key that came twice, the last counts. */
export interface Loaded extends KeyedChanges {
  /** @param expiresAt - Monotonic milliseconds; `undefined`: no limit. */
  add(key: string, content: Content, expiresAt: number | undefined): void;
}

/** Changes of a copy: the later one of a key stands behind the earlier. */
export class CopyChanges implements KeyedChanges {
  /** What was loaded; `undefined`: nothing. All others are later. */
  readonly loaded: KeyedChanges | undefined;
  readonly others: KeyedChanges;

  constructor(loaded: KeyedChanges | undefined, others: KeyedChanges) {
    this.loaded = loaded;
    this.others = others;
  }

  *[Symbol.iterator](): Generator<readonly [string, CopyChange], void, undefined> {
    if (this.loaded !== undefined) yield* this.loaded;
    yield* this.others;
  }
}
