import type { PendingWrite } from './writer.ts';

/** The writes on their way, by key. It tells those who show them of every change. */
export class PendingWrites<W extends PendingWrite = PendingWrite> extends Map<string, W> {
  /** Called with the key whose write appears, is replaced, or is gone. */
  readonly watchers: Set<(key: string) => void> = new Set();

  override set(key: string, write: W): this {
    super.set(key, write);
    this.changed(key);
    return this;
  }

  override delete(key: string): boolean {
    const existed = super.delete(key);
    if (existed) this.changed(key);
    return existed;
  }

  changed(key: string): void {
    for (const watch of this.watchers) watch(key);
  }
}
