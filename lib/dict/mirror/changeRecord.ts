import { isDeepStrictEqual } from 'node:util';
import type { MirrorChange } from './mirror.ts';

/** Whether readers could not tell the values apart. */
export function isSame(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || (typeof one === 'object' && isDeepStrictEqual(one, other));
}

/** What has changed since somebody last asked. */
export class ChangeRecord {
  readonly #before = new Map<string, unknown>();

  get isEmpty(): boolean {
    return this.#before.size === 0;
  }

  /** `key` is about to change, and holds `before`. */
  note(key: string, before: unknown): void {
    if (!this.#before.has(key)) this.#before.set(key, before);
  }

  /** The changes, without those that were taken back. */
  take(valueOf: (key: string) => unknown): MirrorChange[] {
    const changes = [...this.#before]
      .map(([key, before]) => ({ key, before, now: valueOf(key) }))
      .filter(({ before, now }) => !isSame(before, now));
    this.#before.clear();
    return changes;
  }
}
