import type { Message } from '../store.ts';

/**
 * Keys whose changes messages have announced, and that the server has yet to report.
 *
 * The report comes next of all after the messages of its keys. One for a key that was set is certain. A key that was
 * deleted is reported only if it was there: it is expected in what arrives together with its message, and no longer, lest
 * a later change by somebody else be taken for it.
 */
export class Announced {
  readonly #set = new Set<string>();
  readonly #deleted = new Set<string>();
  #isCleared = false;
  #turnEnd: NodeJS.Immediate | undefined;

  add({ clear, changes }: Message): void {
    for (const { type, key } of changes) (type === 'set' ? this.#set : this.#deleted).add(key);
    if (clear) this.#isCleared = true;
    if (this.#isCleared || this.#deleted.size > 0) {
      this.#turnEnd ??= setImmediate(() => {
        this.#forgetDeletes();
      });
    }
  }

  has(key: string): boolean {
    return this.#isCleared || this.#set.has(key) || this.#deleted.has(key);
  }

  /** The server has reported what it had to, or never will. */
  forget(): void {
    this.#set.clear();
    this.#forgetDeletes();
  }

  #forgetDeletes(): void {
    clearImmediate(this.#turnEnd);
    this.#turnEnd = undefined;
    this.#deleted.clear();
    this.#isCleared = false;
  }
}
