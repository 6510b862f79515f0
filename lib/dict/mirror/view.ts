import type { Values } from '../../codec/values.ts';
import { type Content, type CopyChange, CopyChanges, type Loaded } from '../../coherence/copyChange.ts';
import { LoadedRows } from '../../coherence/loaded.ts';
import { KeyError } from '../../errors.ts';
import type { KeySchemas } from '../../schema/keySchemas.ts';
import { isSame } from './changeRecord.ts';
import { PROTO } from '../keys.ts';
import type { ConfigWrites } from './configObject.ts';
import { Contents, Refused } from './contents.ts';
import { Draft } from './draft.ts';
import { Intake } from './intake.ts';
import { Layers, missingError } from './layers.ts';
import type { MirrorChange } from './mirror.ts';
import type { MirrorSettings } from './mirrorOptions.ts';
import type { OwnWrites } from './ownWrites.ts';
import { Presentation } from './presentation.ts';
import { Shape } from './shape.ts';
import { Table } from './table.ts';

type Data = Record<string, unknown>;

const GONE: CopyChange = { content: undefined, expiresAt: undefined };

/** What every mirror of a dictionary needs to know. */
export interface MirrorBasis {
  readonly namespace: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly values: Values;
  readonly schemas: KeySchemas;
}

/** Who is told what becomes of a view. */
export interface ViewHost extends ConfigWrites {
  /** Own writes that the store does not have yet; `undefined` before it was reached. */
  own(): OwnWrites | undefined;
  /** Readers see something else now. */
  changed(changes: readonly MirrorChange[]): void;
  /** A value can't be shown. */
  invalid(key: string, error: Error): void;
  /** What is stored or written has changed since readers have it. */
  updated(): void;
  /** A value that its codec had called sound can't be read. */
  failed(error: unknown): void;
}

/** What readers of a mirror see: of every key the uppermost layer, fitted into the schema of the whole. */
export class View {
  readonly presentation: Presentation;
  readonly #basis: MirrorBasis;
  readonly #host: ViewHost;
  readonly #contents: Contents;
  readonly #layers: Layers;
  readonly #shape: Shape | undefined;
  readonly #intake: Intake;

  /** @throws {SchemaError} A schema of the dictionary is asynchronous. */
  constructor(basis: MirrorBasis, { schema, defaults, overrides }: MirrorSettings, host: ViewHost) {
    const { now, schemas, values } = basis;
    this.#basis = basis;
    this.#host = host;
    this.#shape = schema && new Shape(schema, (key, error) => host.invalid(key, error));
    const table = new Table();
    this.presentation = new Presentation(host, table, (changes) => host.changed(changes));
    // A schema of the whole may make something else of every value.
    this.#contents = new Contents(this.#shape ? new Table() : table, now, (keys) => this.changed(keys));
    this.#layers = new Layers({
      overrides,
      own: () => host.own(),
      stored: this.#contents,
      defaults,
      schemas,
      guard: (key, value) => values.guardedOf(key, value),
    });
    this.#intake = new Intake(values, schemas);
  }

  /** Keys whose value can't be shown, and why. */
  get invalid(): ReadonlyMap<string, Error> {
    return new Map([...this.#contents.invalid, ...(this.#shape?.invalid ?? [])]);
  }

  /** The keys that the store holds. */
  keys(): Iterable<string> {
    return this.#contents.keys();
  }

  decode(key: string, bytes: Uint8Array): Content {
    return this.#intake.decode(key, bytes);
  }

  /** What the store holds. What is loaded for the first time and needs no check as a whole is decoded later. */
  receive(key: string, bytes: Uint8Array): Content {
    const isNeeded = this.presentation.isPublic || this.#shape !== undefined;
    return isNeeded ? this.#intake.decode(key, bytes) : this.#intake.pack(key, bytes);
  }

  /** What takes what is loaded from the only partition. */
  draft(): Loaded {
    return this.presentation.isPublic ? new LoadedRows() : new Draft();
  }

  /** The store has changed: all these together. `gone`: keys that it holds no more. */
  commit(changes: CopyChanges, gone: readonly string[]): void {
    const { isPublic } = this.presentation;
    const changed = [...gone];
    for (const key of gone) this.#put(key, GONE);
    for (const [key, change] of this.#adopt(changes)) {
      this.#put(key, change);
      if (isPublic) changed.push(key);
    }
    if (isPublic) this.changed(changed);
  }

  /** Takes a value that was kept in a file or an object for the one that is stored. */
  take(key: string, value: unknown): void {
    this.#put(key, { content: this.#intake.take(key, value), expiresAt: undefined });
  }

  /** What is stored, or written by this process, has changed. */
  changed(keys: readonly string[]): void {
    if (keys.length === 0 || !this.presentation.isPublic) return;
    this.#show(keys);
    this.#host.updated();
  }

  /**
   * Lets readers have it.
   *
   * @throws {SchemaError} What is known does not fit.
   */
  publish(): void {
    if (this.#shape === undefined) {
      this.#contents.share();
      for (const key of this.#layers.covering()) this.#showLayered(key);
      this.#layers.assertComplete(this.#contents.invalid);
    } else this.#fit(this.#shape);
    this.presentation.isPublic = true;
    // Until then what was loaded takes more memory, and reading it more time.
    this.presentation.unpack().catch((error: unknown) => this.#host.failed(error));
  }

  /** What is stored, with what this process has written and the store has perhaps; without what has a time to live. */
  stored(): Iterable<readonly [string, unknown]> {
    const entries = new Map(this.#contents.entries());
    const own = this.#host.own();
    for (const key of own?.keys() ?? []) {
      const value = own?.get(key);
      if (value === undefined) entries.delete(key);
      else if (!(value instanceof Refused)) entries.set(key, value);
    }
    return entries;
  }

  /**
   * What is stored when `key` is assigned.
   *
   * @throws {KeyError | SchemaError} The write would not be seen, or what is shown then would not fit.
   */
  toWrite(key: string, value: unknown): unknown {
    this.#assertWritable(key);
    return this.#shape === undefined ? value : this.#shape.check(key, value, this.presentation.current);
  }

  /** @throws {KeyError | SchemaError} It would not be seen that `key` is deleted, or the others would not fit. */
  checkRemoval(key: string): void {
    this.#assertWritable(key);
    if (this.#layers.isRequired(key)) throw missingError([key]);
    this.#shape?.checkWithout(key, this.#layers.defaultOf(key), this.presentation.current);
  }

  close(): void {
    this.#contents.close();
    this.presentation.close();
  }

  #assertWritable(key: string): void {
    if (!this.#layers.isOverridden(key)) return;
    throw new KeyError(
      `'${key}' is one of this mirror's \`overrides\`: a write would not be seen here. Use the handle.`,
    );
  }

  /** Takes the table that the first load has filled, and returns what it does not tell. */
  #adopt(changes: CopyChanges): CopyChanges {
    const { loaded, others } = changes;
    if (!(loaded instanceof Draft) || this.presentation.isPublic || !this.#contents.isEmpty) return changes;
    this.#contents.adopt(loaded.table);
    if (this.#shape === undefined) this.presentation.adopt(loaded.table);
    return new CopyChanges(loaded.rest, others);
  }

  #put(key: string, change: CopyChange): void {
    const isMissed = change.content === undefined && this.presentation.isPublic && this.#layers.isRequired(key);
    const taken = isMissed ? { ...change, content: new Refused(missingError([key])) } : change;
    if (this.#contents.put(key, taken)) return;
    if (taken.content instanceof Refused) this.#host.invalid(key, taken.content.error);
  }

  #show(keys: Iterable<string>): void {
    if (this.#shape === undefined) {
      for (const key of keys) this.#showLayered(key);
      return;
    }
    try {
      this.#fit(this.#shape);
    } catch {
      // All last good values stay; `invalid` tells why.
    }
  }

  #showLayered(key: string): void {
    const value = this.#layers.valueOf(key);
    this.#contents.cover(key, value);
    this.presentation.show(key, value);
  }

  /** @throws {SchemaError} Nothing that fits could be shown. */
  #fit(shape: Shape): void {
    const raw: Data = {};
    for (const key of this.#layers.keys()) {
      const value = this.#layers.valueOf(key);
      // Assigned, it would be what all keys are inherited from.
      if (value !== undefined && key !== PROTO) raw[key] = value;
    }
    const { presentation } = this;
    const fitted = shape.fit(raw, presentation.current);
    for (const key of presentation.keys()) if (!Object.hasOwn(fitted, key)) presentation.show(key, undefined);
    for (const [key, value] of Object.entries(fitted)) {
      if (!isSame(value, presentation.get(key))) presentation.show(key, this.#basis.values.guardedOf(key, value));
    }
  }
}
