import type { Position } from '../store/position.ts';

interface Group {
  readonly nonce: number;
  /** Monotonic milliseconds of the first installation. */
  readonly since: number;
  /** Also those that have moved on to another position. */
  readonly keys: string[];
  /** How many have not. */
  count: number;
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
    const { seq, nonce } = position;
    const group = this.#groups.get(seq) ?? { nonce, since: now, keys: [], count: 0 };
    if (group.nonce !== nonce) return false;
    const before = this.#seqs.get(key);
    if (before === seq) return true;
    if (before === undefined && this.#seqs.size >= CAPACITY) return false;
    if (before !== undefined) this.#leave(before);
    group.keys.push(key);
    group.count++;
    this.#groups.set(seq, group);
    this.#seqs.set(key, seq);
    return true;
  }

  /** The position's number at which `key` waits for the feed. */
  seqOf(key: string): number | undefined {
    return this.#seqs.get(key);
  }

  /** The feed has reached `position`: takes its keys off the list and says whether they are confirmed. */
  reach({ seq, nonce }: Position): { readonly keys: readonly string[]; readonly confirmed: boolean } | undefined {
    const group = this.#groups.get(seq);
    return group && { keys: this.#take(seq, group), confirmed: group.nonce === nonce };
  }

  /** Takes off the list, and returns, the keys above `position` that were there before the time `sentAt`. */
  lostAbove(position: Position, sentAt: number): string[] {
    const lost: string[] = [];
    for (const [seq, group] of this.#groups) {
      if (seq <= position.seq || group.since >= sentAt) continue;
      for (const key of this.#take(seq, group)) lost.push(key);
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

  /** A key of the position `seq` has moved on. */
  #leave(seq: number): void {
    const group = this.#groups.get(seq);
    if (group !== undefined && --group.count === 0) this.#groups.delete(seq);
  }

  #take(seq: number, { keys }: Group): readonly string[] {
    this.#groups.delete(seq);
    const taken = keys.filter((key) => this.#seqs.get(key) === seq);
    for (const key of taken) this.#seqs.delete(key);
    return taken;
  }
}
