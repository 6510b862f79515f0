/** Keys and bytes in memory, some of them with a time to live. What has expired is as good as deleted. */
export class MemoryEntries {
  readonly #now: () => number;
  readonly #entries = new Map<string, Uint8Array>();
  /** When keys expire, in monotonic milliseconds. */
  readonly #ends = new Map<string, number>();
  /** Writes until expired keys are looked for that nobody has asked for since. */
  #credit = 0;

  /** @param now - Monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string): Uint8Array | undefined {
    this.#expire(key);
    return this.#entries.get(key);
  }

  /** Milliseconds that the key has left; `undefined`: no limit, or no key. */
  ttlOf(key: string): number | undefined {
    const end = this.#ends.get(key);
    return end === undefined ? undefined : Math.max(0, Math.floor(end - this.#now()));
  }

  set(key: string, bytes: Uint8Array, ttlMs: number | undefined): void {
    this.#entries.set(key, bytes);
    if (ttlMs === undefined) this.#ends.delete(key);
    else this.#ends.set(key, this.#now() + ttlMs);
    this.#sweep();
  }

  /** Returns whether the key was there. */
  delete(key: string): boolean {
    this.#expire(key);
    this.#ends.delete(key);
    return this.#entries.delete(key);
  }

  keys(): string[] {
    for (const key of this.#ends.keys()) this.#expire(key);
    return [...this.#entries.keys()];
  }

  #expire(key: string): void {
    const end = this.#ends.get(key);
    if (end === undefined || end > this.#now()) return;
    this.#ends.delete(key);
    this.#entries.delete(key);
  }

  /** One pass for as many writes as there are keys that can expire: a constant part of each write. */
  #sweep(): void {
    if (--this.#credit > 0) return;
    for (const key of this.#ends.keys()) this.#expire(key);
    this.#credit = this.#ends.size;
  }
}
