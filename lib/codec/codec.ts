/**
 * How values become the bytes that the store keeps.
 *
 * `decode(encode(value))` must equal `value`; `encode` throws for what it can't keep. Both are called with the event loop
 * waiting, so they must be synchronous, and `decode` must return a new value each time.
 */
export interface Codec {
  /**
   * Written into the namespace's layout record: processes whose codecs differ in name refuse to share it. 1 to 32 of
   * `A-Z a-z 0-9 . _ -`, default `custom`.
   */
  readonly name?: string;
  /** The bytes must not be changed afterwards. */
  encode(value: unknown): Uint8Array;
  /** The bytes are a plain `Uint8Array`, never a Buffer. They must not be changed, nor be part of the result. */
  decode(bytes: Uint8Array): unknown;
  /**
   * Whether it is certain that `decode` succeeds, found out in a small part of its time: then a mirror may load the value
   * and decode it later. Absent: it never is. Where it was wrong, reading the value throws.
   */
  isSound?(bytes: Uint8Array): boolean;
}
