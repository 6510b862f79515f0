import type { WriteConflict } from 'neardict';
import type { Batch, Receipt } from '../../../lib/store/store.ts';

/** Values from here on are written by others. */
export const FOREIGN = 1_000_000;

/** The last edit of a key that has not reached the store as far as is known here. */
interface Obligation {
  readonly seq: number;
  /** `undefined`: deleted. */
  value: number | undefined;
}

interface Content {
  readonly value: number | undefined;
  readonly isForeign: boolean;
  readonly seq: number;
}

/**
 * What was edited, what the store holds, and what must be true of both.
 *
 * - No edit disappears: it reaches the store, a later one takes its place, or a conflict tells of it.
 * - No value of others is overwritten unseen: an edit takes the place of what it was based on.
 * - No edit is applied twice, and none is a conflict with what this process has written.
 */
export class Ledger {
  violation: string | undefined;
  readonly trace: string[] = [];
  readonly obligations: Map<string, Obligation> = new Map();
  readonly #contents = new Map<string, Content>();
  /** By key, up to when values of others may have been known to what is dirty. */
  readonly #knownUntil = new Map<string, number>();
  /** What was edited or merged here: a conditional write of it is a flush. */
  readonly #edits = new Set<number | undefined>([undefined]);
  readonly #appliedEdits = new Set<number>();
  readonly #doubtful = new Set<number>();
  readonly #deletedByOthers = new Set<string>();
  /** Keys whose base is being read. */
  readonly #reading = new Set<string>();
  #seq = 0;

  violate(message: string): void {
    this.violation ??= message;
    this.note(`VIOLATION ${message}`);
  }

  note(line: string): void {
    this.trace.push(line);
  }

  tick(): number {
    return ++this.#seq;
  }

  content(key: string): number | undefined {
    return this.#contents.get(key)?.value;
  }

  /**
   * @param base - Where the edit's base is known from: an earlier edit, what is in memory, or a read, of which nobody knows
   *   here which it is.
   */
  edited(key: string, value: number | undefined, base: 'edit' | 'memory' | 'read'): void {
    const seq = this.tick();
    this.note(`edit ${key} = ${String(value)}`);
    this.obligations.set(key, { seq, value });
    this.#edits.add(value);
    if (base === 'edit') return;
    this.#knownUntil.set(key, seq);
    if (base === 'read') this.#reading.add(key);
    else this.#reading.delete(key);
  }

  /** An awaited write that began at `seq` is in the store: it came behind earlier edits. */
  awaited(key: string, seq: number): void {
    if ((this.obligations.get(key)?.seq ?? Number.POSITIVE_INFINITY) < seq) this.obligations.delete(key);
  }

  /** Nobody knows whether they are in the store: they may be met as if others had written them. */
  doubt(values: readonly number[]): void {
    for (const value of values) this.#doubtful.add(value);
  }

  read(key: string): void {
    if (this.#reading.has(key)) this.#knownUntil.set(key, this.tick());
  }

  foreign(key: string, value: number | undefined): void {
    this.note(`foreign ${key} = ${String(value)}`);
    if (value === undefined) this.#deletedByOthers.add(key);
    this.#contents.set(key, { value, isForeign: true, seq: this.tick() });
  }

  /** The store has answered to a call of this process, whether or not the answer gets there. */
  answered(batch: Batch, { conflicts, isRepeated }: Receipt, decode: (bytes: Uint8Array) => number): void {
    for (const { key } of conflicts ?? []) this.#knownUntil.set(key, this.tick());
    if (conflicts !== undefined || isRepeated === true) return;
    const written = [
      ...batch.deletes.map((key) => [key, undefined] as const),
      ...batch.sets.map(([key, bytes]) => [key, decode(bytes)] as const),
    ];
    for (const [key, value] of written)
      this.#applied(key, value, batch.conditions !== undefined && this.#edits.has(value));
  }

  resolved({ key, mine, theirs, resolution, result }: WriteConflict): void {
    this.note(`conflict ${key}: ${resolution}, mine ${String(mine)}, theirs ${String(theirs)}`);
    const isOthers =
      theirs === undefined
        ? this.#deletedByOthers.has(key)
        : (theirs as number) >= FOREIGN || this.#doubtful.has(theirs as number);
    this.#edits.add(result as number | undefined);
    if (!isOthers) this.violate(`${key}: a conflict with its own ${String(theirs)}`);
    const obligation = this.obligations.get(key);
    if (obligation === undefined || obligation.value !== mine) return;
    if (resolution === 'remote') this.obligations.delete(key);
    if (resolution === 'merged') obligation.value = result as number | undefined;
  }

  #applied(key: string, value: number | undefined, isFlush: boolean): void {
    const seq = this.tick();
    this.note(`applied ${key} = ${String(value)}${isFlush ? ' by a flush' : ''}`);
    const before = this.#contents.get(key);
    this.#contents.set(key, { value, isForeign: false, seq });
    if (isFlush) this.#flushed(key, value, before);
    this.#knownUntil.set(key, seq);
  }

  #flushed(key: string, value: number | undefined, before: Content | undefined): void {
    const isUnseen = before?.isForeign === true && before.seq > (this.#knownUntil.get(key) ?? 0);
    if (isUnseen && before.value !== undefined) this.violate(`${key}: ${before.value} was overwritten unseen`);
    if (value !== undefined && this.#appliedEdits.has(value)) this.violate(`${key}: ${value} was applied twice`);
    if (value !== undefined) this.#appliedEdits.add(value);
    if (this.obligations.get(key)?.value === value) this.obligations.delete(key);
  }
}
