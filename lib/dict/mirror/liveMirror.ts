import type { Values } from '../../codec/values.ts';
import type { CopyChange } from '../../coherence/staging.ts';
import { ClosedError, ConnectTimeoutError, KeyError, UnavailableError } from '../../errors.ts';
import type { KeySchemas } from '../../schema/keySchemas.ts';
import type { SignalOptions } from '../abortable.ts';
import { DictEmitter, type DictState } from '../events.ts';
import { assertKey } from '../keys.ts';
import { isSame } from './changeRecord.ts';
import { PROTO } from './configObject.ts';
import { Contents, Refused } from './contents.ts';
import { FirstLoad } from './firstLoad.ts';
import { Intake } from './intake.ts';
import { Kept } from './kept.ts';
import { Layers, missingError } from './layers.ts';
import type { Mirror, MirrorChange, MirrorEvents } from './mirror.ts';
import type { MirrorSettings } from './mirrorOptions.ts';
import { Presentation } from './presentation.ts';
import { Shape } from './shape.ts';
import { type MirroredDict, MirrorSource } from './source.ts';

type Data = Record<string, unknown>;

/** What every mirror of a dictionary needs to know. */
export interface MirrorBasis {
  readonly namespace: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly values: Values;
  readonly schemas: KeySchemas;
}

/** Shows a whole dictionary as a plain object, and keeps it current. */
export class LiveMirror implements Mirror<Data> {
  readonly #basis: MirrorBasis;
  readonly #emitter: DictEmitter;
  readonly #presentation: Presentation;
  readonly #contents: Contents;
  readonly #layers: Layers;
  readonly #shape: Shape | undefined;
  readonly #intake: Intake;
  readonly #kept: Kept;
  #source: MirrorSource | undefined;
  #firstLoad: FirstLoad | undefined;
  #onEnd: () => void = () => {};
  #state: DictState = 'suspect';
  #isFailing = false;
  #isOpen = true;

  /** @throws {SchemaError} A schema of the dictionary is asynchronous. */
  constructor(basis: MirrorBasis, settings: MirrorSettings) {
    const { schema, defaults, overrides } = settings;
    const { namespace, now, schemas, values } = basis;
    this.#basis = basis;
    this.#emitter = new DictEmitter(namespace);
    this.#presentation = new Presentation(
      { assign: (key, value) => this.#assign(key, value), remove: (key) => this.#remove(key) },
      (changes) => this.#emitter.emit('change', changes),
    );
    this.#contents = new Contents(now, (keys) => this.#changed(keys));
    this.#layers = new Layers({
      overrides,
      own: () => this.#source?.own,
      stored: this.#contents,
      defaults,
      schemas,
      guard: (key, value) => values.guardedOf(key, value),
    });
    this.#shape = schema && new Shape(schema, (key, error) => this.#emitter.emit('invalid', key, error));
    this.#intake = new Intake(values, schemas);
    this.#kept = new Kept({
      settings,
      namespace,
      values,
      entries: () => this.#toKeep(),
      onError: (error) => this.#emitter.emit('error', error),
    });
  }

  /**
   * Loads from `dict`, and follows it from then on. Resolves when everything is loaded.
   *
   * @param onEnd - Called once, when the mirror is closed.
   */
  attach(dict: MirroredDict, onEnd: () => void): Promise<void> {
    const firstLoad = new FirstLoad(2 * dict.timeoutMs);
    this.#onEnd = onEnd;
    this.#firstLoad = firstLoad;
    this.#source = new MirrorSource(dict, {
      keys: () => this.#contents.keys(),
      decode: (key, bytes) => this.#intake.decode(key, bytes),
      committed: (changes, gone) => this.#commit(changes, gone),
      overlaid: (keys) => this.#changed(keys),
      moved: () => this.updateState(),
      progressed: (progress) => {
        firstLoad.goesOn();
        this.#emitter.emit('progress', progress);
      },
      failed: (error) => this.failed(error),
    });
    this.#source.load();
    return firstLoad.done;
  }

  /**
   * Shows what was kept for a start without the store, which failed with `error`.
   *
   * @throws `error`, if nothing was kept or the store is not away.
   */
  async fallBack(error: unknown): Promise<void> {
    if (!(error instanceof UnavailableError || error instanceof ConnectTimeoutError)) throw error;
    const kept = await this.#kept.read();
    if (this.#presentation.isPublic) return;
    if (kept === undefined) throw error;
    for (const [key, value] of kept) {
      // One partition may be away, and others there.
      if (this.#source?.isLoaded(key) === true) continue;
      this.#put(key, { content: this.#intake.take(key, value), expiresAt: undefined });
    }
    this.#publish();
    this.#state = this.#source?.state ?? 'offline';
  }

  /** Keeping current has met with an error, and is tried again. */
  failed(error: unknown): void {
    if (!this.#presentation.isPublic) this.#firstLoad?.fail(error);
    else if (!this.#isFailing) this.#emitter.emit('error', error);
    this.#isFailing = true;
  }

  get config(): Data {
    return this.#presentation.config;
  }

  get current(): Readonly<Data> {
    return this.#presentation.current;
  }

  get state(): DictState {
    return this.#isOpen ? this.#state : 'offline';
  }

  get age(): number {
    return this.#basis.now() - (this.#source?.freshAsOf ?? Number.NEGATIVE_INFINITY);
  }

  get invalid(): ReadonlyMap<string, Error> {
    return new Map([...this.#contents.invalid, ...(this.#shape?.invalid ?? [])]);
  }

  watch(options?: SignalOptions): AsyncIterableIterator<readonly MirrorChange[]> {
    this.#assertOpen();
    return this.#presentation.watch(options);
  }

  async when(key: string, predicate: (value: unknown) => unknown, options?: SignalOptions): Promise<unknown> {
    assertKey(key);
    options?.signal?.throwIfAborted();
    const changes = this.watch(options);
    try {
      do {
        const value = this.#presentation.get(key);
        if (predicate(value)) return value;
      } while ((await changes.next()).done !== true);
      throw new ClosedError(this.#basis.namespace);
    } finally {
      await changes.return?.();
    }
  }

  on<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents[E]) => void): this {
    this.#emitter.on(event, listener);
    return this;
  }

  once<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents[E]) => void): this {
    this.#emitter.once(event, listener);
    return this;
  }

  off<E extends keyof MirrorEvents>(event: E, listener: (...args: MirrorEvents[E]) => void): this {
    this.#emitter.off(event, listener);
    return this;
  }

  close(): Promise<void> {
    return this.release();
  }

  /** What `close()` does to the mirror itself, also where it closes the dictionary with it. */
  async release(): Promise<void> {
    this.end();
    await this.#kept.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes at once, but for a backup that is being written. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#source?.close();
    this.#contents.close();
    this.#firstLoad?.fail(new ClosedError(this.#basis.namespace));
    this.#presentation.close();
    this.#onEnd();
    this.#emitter.end();
  }

  /** The state of the dictionary, or how far the copy is behind, may have changed. */
  updateState(): void {
    if (this.#source === undefined || !this.#isOpen) return;
    const before = this.#state;
    this.#state = this.#source.state;
    if (this.#state !== before && this.#presentation.isPublic) this.#emitter.emit('state', this.#state, before);
    if (!this.#source.isRepaired || !Number.isFinite(this.age)) return;
    this.#isFailing = false;
    if (!this.#presentation.isPublic) this.#succeed();
  }

  #succeed(): void {
    try {
      this.#publish();
      this.#kept.schedule();
      this.#firstLoad?.succeed();
    } catch (error) {
      this.#firstLoad?.fail(error);
    }
  }

  /** @throws {SchemaError} What is known does not fit. */
  #publish(): void {
    if (this.#shape === undefined) {
      this.#show(this.#layers.keys());
      this.#layers.assertComplete(this.#contents.invalid);
    } else this.#fit();
    this.#presentation.isPublic = true;
  }

  // Writing

  #assign(key: string, value: unknown): void {
    this.#writable(key).assign(key, this.#shape === undefined ? value : this.#shape.check(key, value, this.current));
  }

  #remove(key: string): void {
    const source = this.#writable(key);
    if (this.#layers.isRequired(key)) throw missingError([key]);
    this.#shape?.checkWithout(key, this.#layers.defaultOf(key), this.current);
    source.remove(key);
  }

  #writable(key: string): MirrorSource {
    this.#assertOpen();
    if (this.#layers.isOverridden(key)) {
      throw new KeyError(
        `'${key}' is one of this mirror's \`overrides\`: a write would not be seen here. Use the handle.`,
      );
    }
    if (this.#source !== undefined) return this.#source;
    throw new UnavailableError('The store was not reached yet. Nothing was written.');
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new ClosedError(this.#basis.namespace);
  }

  // Reading

  #commit(changes: ReadonlyMap<string, CopyChange>, gone: readonly string[]): void {
    for (const key of gone) this.#put(key, { content: undefined, expiresAt: undefined });
    for (const [key, change] of changes) this.#put(key, change);
    this.#changed([...gone, ...changes.keys()]);
  }

  /** What is stored, or written by this process, has changed. */
  #changed(keys: readonly string[]): void {
    if (keys.length === 0 || !this.#presentation.isPublic) return;
    this.#show(keys);
    this.#kept.schedule();
  }

  /** What is stored, with what this process has written and the store has perhaps. */
  #toKeep(): Iterable<readonly [string, unknown]> {
    const entries = new Map(this.#contents.entries());
    for (const key of this.#source?.own.keys() ?? []) {
      const value = this.#source?.own.get(key);
      if (value === undefined) entries.delete(key);
      else if (!(value instanceof Refused)) entries.set(key, value);
    }
    return entries;
  }

  #put(key: string, change: CopyChange): void {
    const isMissed = change.content === undefined && this.#presentation.isPublic && this.#layers.isRequired(key);
    const content = isMissed ? new Refused(missingError([key])) : change.content;
    if (this.#contents.put(key, { ...change, content })) return;
    if (content instanceof Refused) this.#emitter.emit('invalid', key, content.error);
  }

  #show(keys: Iterable<string>): void {
    if (this.#shape === undefined) {
      for (const key of keys) this.#presentation.show(key, this.#layers.valueOf(key));
      return;
    }
    try {
      this.#fit();
    } catch {
      // All last good values stay; `invalid` tells why.
    }
  }

  /** @throws {SchemaError} Nothing that fits the schema could be shown. */
  #fit(): void {
    const raw: Data = {};
    for (const key of this.#layers.keys()) {
      const value = this.#layers.valueOf(key);
      // Assigned, it would be what all keys are inherited from.
      if (value !== undefined && key !== PROTO) raw[key] = value;
    }
    const fitted = this.#shape?.fit(raw, this.current) ?? raw;
    for (const key of this.#presentation.keys())
      if (!Object.hasOwn(fitted, key)) this.#presentation.show(key, undefined);
    for (const [key, value] of Object.entries(fitted)) {
      const isKept = isSame(value, this.#presentation.get(key));
      if (!isKept) this.#presentation.show(key, this.#basis.values.guardedOf(key, value));
    }
  }
}
