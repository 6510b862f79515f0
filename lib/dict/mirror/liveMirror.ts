import { setImmediate as turn } from 'node:timers/promises';
import { ClosedError, ConnectTimeoutError, UnavailableError } from '../../errors.ts';
import type { SignalOptions } from '../abortable.ts';
import { DictEmitter, type DictState } from '../events.ts';
import { assertKey } from '../keys.ts';
import { FirstLoad } from './firstLoad.ts';
import { Kept } from './kept.ts';
import type { Mirror, MirrorChange, MirrorEvents } from './mirror.ts';
import type { MirrorSettings } from './mirrorOptions.ts';
import { type MirroredDict, MirrorSource } from './source.ts';
import { type MirrorBasis, View } from './view.ts';

type Data = Record<string, unknown>;

/** Shows a whole dictionary as a plain object, and keeps it current. */
export class LiveMirror implements Mirror<Data> {
  readonly #basis: MirrorBasis;
  readonly #emitter: DictEmitter;
  readonly #view: View;
  readonly #kept: Kept;
  #source: MirrorSource | undefined;
  #firstLoad: FirstLoad | undefined;
  #onEnd: () => void = () => {};
  #state: DictState = 'suspect';
  #isFailing = false;
  #isOpen = true;

  /** @throws {SchemaError} A schema of the dictionary is asynchronous. */
  constructor(basis: MirrorBasis, settings: MirrorSettings) {
    const { namespace, values } = basis;
    this.#basis = basis;
    this.#emitter = new DictEmitter(namespace);
    this.#view = new View(basis, settings, {
      assign: (key, value) => this.#assign(key, value),
      remove: (key) => this.#remove(key),
      own: () => this.#source?.own,
      changed: (changes) => this.#emitter.emit('change', changes),
      invalid: (key, error) => this.#emitter.emit('invalid', key, error),
      updated: () => this.#kept.schedule(),
      // When who opens the mirror has had the time to listen.
      failed: (error) => setImmediate(() => this.#emitter.emit('error', error)),
    });
    this.#kept = new Kept({
      settings,
      namespace,
      values,
      entries: () => this.#view.stored(),
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
      keys: () => this.#view.keys(),
      decode: (key, bytes) => this.#view.decode(key, bytes),
      receive: (key, bytes) => this.#view.receive(key, bytes),
      isPublic: () => this.#view.presentation.isPublic,
      draft: () => this.#view.draft(),
      committed: (changes, gone) => this.#view.commit(changes, gone),
      overlaid: (keys) => this.#view.changed(keys),
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
    if (this.#view.presentation.isPublic) return;
    if (kept === undefined) {
      // What could not be read is told before there is no mirror to tell it.
      await turn();
      throw error;
    }
    for (const [key, value] of kept) {
      // One partition may be away, and others there.
      if (this.#source?.isLoaded(key) !== true) this.#view.take(key, value);
    }
    this.#view.publish();
    this.#state = this.#source?.state ?? 'offline';
  }

  /** Keeping current has met with an error, and is tried again. */
  failed(error: unknown): void {
    if (!this.#view.presentation.isPublic) this.#firstLoad?.fail(error);
    else if (!this.#isFailing) this.#emitter.emit('error', error);
    this.#isFailing = true;
  }

  get config(): Data {
    return this.#view.presentation.config;
  }

  get current(): Readonly<Data> {
    return this.#view.presentation.current;
  }

  get state(): DictState {
    return this.#isOpen ? this.#state : 'offline';
  }

  get age(): number {
    return this.#basis.now() - (this.#source?.freshAsOf ?? Number.NEGATIVE_INFINITY);
  }

  get invalid(): ReadonlyMap<string, Error> {
    return this.#view.invalid;
  }

  watch(options?: SignalOptions): AsyncIterableIterator<readonly MirrorChange[]> {
    this.#assertOpen();
    return this.#view.presentation.watch(options);
  }

  async when(key: string, predicate: (value: unknown) => unknown, options?: SignalOptions): Promise<unknown> {
    assertKey(key);
    options?.signal?.throwIfAborted();
    const changes = this.watch(options);
    try {
      do {
        const value = this.#view.presentation.get(key);
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
    this.#firstLoad?.fail(new ClosedError(this.#basis.namespace));
    this.#view.close();
    this.#onEnd();
    this.#emitter.end();
  }

  /** The state of the dictionary, or how far the copy is behind, may have changed. */
  updateState(): void {
    if (this.#source === undefined || !this.#isOpen) return;
    const before = this.#state;
    this.#state = this.#source.state;
    if (this.#state !== before && this.#view.presentation.isPublic) this.#emitter.emit('state', this.#state, before);
    if (!this.#source.isRepaired || !Number.isFinite(this.age)) return;
    this.#isFailing = false;
    if (!this.#view.presentation.isPublic) this.#succeed();
  }

  #succeed(): void {
    try {
      this.#view.publish();
      this.#kept.schedule();
      this.#firstLoad?.succeed();
    } catch (error) {
      this.#firstLoad?.fail(error);
    }
  }

  #assign(key: string, value: unknown): void {
    this.#writable().assign(key, this.#view.toWrite(key, value));
  }

  #remove(key: string): void {
    const source = this.#writable();
    this.#view.checkRemoval(key);
    source.remove(key);
  }

  #writable(): MirrorSource {
    this.#assertOpen();
    if (this.#source !== undefined) return this.#source;
    throw new UnavailableError('The store was not reached yet. Nothing was written.');
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new ClosedError(this.#basis.namespace);
  }
}
