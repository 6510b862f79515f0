import type { FillGuard } from '../../lib/cache/fillGuard.ts';
import { Ahead } from '../../lib/coherence/ahead.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import { replaceMethod } from './replaceMethod.ts';
import { KEYS } from './truth.ts';

type Method = (...args: never[]) => unknown;

/** Looks into the side tables of partitions that are followed, which have to be empty when nothing is under way. */
export class Inspection {
  readonly #partitions = new Set<Partition>();
  readonly #aheads = new Map<Ahead, Partition>();
  readonly #restores: (() => void)[] = [];
  /** The partition that keeps something. */
  #active: Partition | undefined;

  /** Notes every table that is used from now on. */
  constructor() {
    const activate = (partition: Partition): void => {
      this.#active = partition;
    };
    this.#before(Partition.prototype, 'fill', activate);
    this.#before(Partition.prototype, 'refresh', activate);
    this.#before(Partition.prototype, 'acknowledge', activate);
    this.#before(Partition.prototype, 'live', (partition) => this.#partitions.add(partition));
    this.#before(Partition.prototype, 'leave', (partition) => this.#partitions.delete(partition));
    this.#before(Ahead.prototype, 'add', (ahead) => {
      if (this.#active !== undefined) this.#aheads.set(ahead, this.#active);
    });
  }

  /** What is left in the tables. */
  leaks(): readonly string[] {
    const guards = [...this.#partitions].map(({ guard }) => guard);
    const aheads = [...this.#aheads].filter(([, partition]) => this.#partitions.has(partition)).map(([ahead]) => ahead);
    return KEYS.flatMap((key) => [
      ...guards.filter((guard) => isInFlight(guard, key)).map(() => `somebody keeps a flight of ${key}`),
      ...aheads.filter((ahead) => ahead.seqOf(key) !== undefined).map(() => `${key} stays ahead of the feed`),
    ]);
  }

  end(): void {
    for (const restore of this.#restores) restore();
  }

  /** Has `note` called before every call of a method. */
  #before<T extends object>(prototype: T, name: keyof T & string, note: (self: T) => void): void {
    const restore = replaceMethod(prototype, name, (original) => {
      const method = function (this: T, ...args: never[]): unknown {
        note(this);
        return (original as Method).apply(this, args);
      };
      return method as T[typeof name];
    });
    this.#restores.push(restore);
  }
}

/** A guard remembers what it hears of a key that is in flight, and of no other. */
function isInFlight(guard: FillGuard, key: string): boolean {
  guard.heard(key, 1);
  return !guard.admits(key, 0);
}
