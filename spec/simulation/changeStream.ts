import type { DictChange } from 'neardict';
import type { Ledger } from './ledger.ts';
import type { Session } from './session.ts';
import { KEYS } from './truth.ts';

interface Told {
  /** Index of the newest version of which the stream has told. */
  index: number;
  /** Step in which the stream has told last that anything may have changed. */
  anyAt: number;
}

/** The changes that a listener or a watcher was told of: none goes back, and the last one is told. */
export class ChangeStream {
  readonly name: string;
  readonly #ledger: Ledger;
  readonly #sessionOf: (key: string) => Session;
  readonly #told = new Map<string, Told>();

  constructor(name: string, ledger: Ledger, sessionOf: (key: string) => Session) {
    this.name = name;
    this.#ledger = ledger;
    this.#sessionOf = sessionOf;
    for (const key of KEYS) this.#told.set(key, { index: 0, anyAt: ledger.step });
  }

  take(change: DictChange): void {
    if (change.type === 'clear' || change.type === 'resync') {
      this.#ledger.note(`  ${this.name}: ${change.type}`);
      for (const told of this.#told.values()) told.anyAt = this.#ledger.step;
    } else if (change.version === undefined) {
      this.#ledger.note(`  ${this.name}: ${change.key} may have changed`);
      this.#toldOf(change.key).anyAt = this.#ledger.step;
    } else this.#takeVersion(change.key, change.version);
  }

  /** Keys of whose last version the stream has not told. */
  get missing(): readonly string[] {
    return KEYS.filter((key) => {
      const last = this.#ledger.truth.last(key);
      const { index, anyAt } = this.#toldOf(key);
      const isTold = this.#ledger.truth.versionsOf(key)[index]?.value === last.value || anyAt >= last.step;
      return !last.isRestored && !isTold;
    });
  }

  #takeVersion(key: string, version: string | null): void {
    const value = this.#ledger.truth.valueOf(version);
    this.#ledger.note(`  ${this.name}: ${key} = ${String(value)}`);
    const told = this.#toldOf(key);
    const session = this.#sessionOf(key);
    const isDisturbed = session.rolledBackAt > Number.NEGATIVE_INFINITY;
    const from = isDisturbed ? 0 : told.index;
    const versions = this.#ledger.truth.versionsOf(key);
    const index = versions.findIndex((each, at) => at >= from && each.value === value);
    if (index === -1) {
      this.#ledger.violate(`${this.name}: the change of ${key} to ${String(value)} goes back`);
      return;
    }
    told.index = index;
    if (!isDisturbed) session.seen = Math.max(session.seen, index);
  }

  #toldOf(key: string): Told {
    return this.#told.get(key) as Told;
  }
}
