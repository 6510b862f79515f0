/** What a key holds in a copy: a decoded value; `undefined` for a missing key; or why its value is not to be shown. */
export type Content = unknown;

/** A change of one key in a copy. */
export interface CopyChange {
  readonly content: Content;
  /** Monotonic milliseconds after which the key is gone; `undefined`: no limit. */
  readonly expiresAt: number | undefined;
}

/** Changes of a copy: the later one of a key stands behind the earlier. */
export type CopyChanges = Iterable<readonly [key: string, CopyChange]>;
