import type { SignalOptions } from '../abortable.ts';
import { Pace } from '../pace.ts';
import { Pull } from '../pull.ts';
import { ChangeRecord, isSame } from './changeRecord.ts';
import { ConfigObject, type ConfigWrites } from './configObject.ts';
import type { MirrorChange } from './mirror.ts';
import { unpacked } from './packed.ts';
import type { Table } from './table.ts';

/** A watcher: what has changed since it last looked. */
interface Watcher {
  readonly record: ChangeRecord;
  readonly pull: Pull<readonly MirrorChange[]>;
}

/** What readers see, and who is told when it changes. */
export class Presentation {
  /** Whether readers have it already: before, no change is told. */
  isPublic = false;
  readonly #writes: ConfigWrites;
  #object: ConfigObject;
  readonly #onChange: (changes: readonly MirrorChange[]) => void;
  readonly #changes = new ChangeRecord();
  readonly #watchers = new Set<Watcher>();

  /**
   * @param table - What readers see.
   * @param onChange - Told of all changes of a turn together, once the code that made them has run.
   */
  constructor(writes: ConfigWrites, table: Table, onChange: (changes: readonly MirrorChange[]) => void) {
    this.#writes = writes;
    this.#object = new ConfigObject(writes, table);
    this.#onChange = onChange;
  }

  get config(): Record<string, unknown> {
    return this.#object.config;
  }

  get current(): Readonly<Record<string, unknown>> {
    return this.#object.current;
  }

  get(key: string): unknown {
    return this.#object.get(key);
  }

  keys(): string[] {
    return this.#object.keys();
  }

  /** Readers will see another table; they have none yet. */
  adopt(table: Table): void {
    this.#object = new ConfigObject(this.#writes, table);
  }

  /** @param value - May be packed; `undefined` removes. What has not changed stays the same object. */
  show(key: string, value: unknown): void {
    if (!this.isPublic) {
      this.#object.show(key, value);
      return;
    }
    const before = this.#object.get(key);
    const now = unpacked(value);
    if (isSame(before, now)) return;
    this.#object.show(key, now);
    this.#note(key, before);
  }

  /** Unpacks everything. */
  async unpack(): Promise<void> {
    const pace = new Pace();
    for (const _ of this.#object.unpackEach()) if (pace.isPauseDue) await pace.rest();
  }

  watch({ signal }: SignalOptions = {}): AsyncIterableIterator<readonly MirrorChange[]> {
    const record = new ChangeRecord();
    const end = (): void => {
      pull.end();
    };
    const take = (): readonly MirrorChange[] | undefined => {
      const changes = record.take((key) => this.#object.get(key));
      return changes.length === 0 ? undefined : changes;
    };
    const pull = new Pull(take, signal, () => {
      this.#watchers.delete(watcher);
      signal?.removeEventListener('abort', end);
    });
    const watcher = { record, pull };
    this.#watchers.add(watcher);
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
    return pull.iterate();
  }

  /** Ends all watchers. */
  close(): void {
    for (const { pull } of this.#watchers) pull.end();
  }

  #note(key: string, before: unknown): void {
    if (this.#changes.isEmpty) queueMicrotask(() => this.#tell());
    this.#changes.note(key, before);
    for (const { record } of this.#watchers) record.note(key, before);
  }

  #tell(): void {
    const changes = this.#changes.take((key) => this.#object.get(key));
    if (changes.length === 0) return;
    for (const { pull } of this.#watchers) pull.wake();
    this.#onChange(changes);
  }
}
