import type { Position } from '../store/position.ts';

interface Group {
  readonly nonce: number;
  /** Monotonic milliseconds of the first installation. */
  readonly since: number;
  readonly keys: Set<string>;
}

/** Entries held at once that the feed has not confirmed. Beyond it replies are served, but not kept. */
const CAPACITY = 16_384;

/**
 * Entries that a reply or an acknowledgement put in the cache before the feed reached their position.
 *
 * The feed confirms them, or shows that their position belongs to a history that was lost.
 */
export class Ahead {
  readonly #groups = new Map<number, Group>();
  readonly #seqs = new Map<string, number>();

  /** Lists `key` at `position`. `false`: no room, or another history claims this number; the entry may not be kept. */
  add(key: string, position: Position, now: number): boolean {
    const group = this.#groups.get(position.seq) ?? { nonce: position.nonce, since: now, keys: new Set() };
    if (group.nonce !== position.nonce) return false;
    if (this.#seqs.size >= CAPACITY && !this.#seqs.has(key)) return false;
    this.#takeOff(key);
    group.keys.add(key);
    this.#groups.set(position.seq, group);
    this.#seqs.set(key, position.seq);
    return true;
  }

  /** The position's number at which `key` waits for the feed. */
  seqOf(key: string): number | undefined {
    return this.#seqs.get(key);
  }

  /** The feed has reached `position`: takes its keys off the list and says whether they are confirmed. */
  reach(position: Position): { readonly keys: Iterable<string>; readonly confirmed: boolean } | undefined {
    const group = this.#groups.get(position.seq);
    if (group === undefined) return undefined;
    this.#take(position.seq, group);
    return { keys: group.keys, confirmed: group.nonce === position.nonce };
  }

  /** Takes off the list, and returns, the keys above `position` that were there before the time `sentAt`. */
  lostAbove(position: Position, sentAt: number): string[] {
    const lost: string[] = [];
    for (const [seq, group] of this.#groups) {
      if (seq <= position.seq || group.since >= sentAt) continue;
      this.#take(seq, group);
      lost.push(...group.keys);
    }
    return lost;
  }

  /** Empties the list, and returns the keys that were on it. */
  clear(): readonly string[] {
    const keys = [...this.#seqs.keys()];
    this.#groups.clear();
    this.#seqs.clear();
    return keys;
  }

  #takeOff(key: string): void {
    const seq = this.#seqs.get(key);
    if (seq === undefined) return;
    const group = this.#groups.get(seq);
    group?.keys.delete(key);
    if (group?.keys.size === 0) this.#groups.delete(seq);
  }

  #take(seq: number, group: Group): void {
    this.#groups.delete(seq);
    for (const key of group.keys) this.#seqs.delete(key);
  }
}
