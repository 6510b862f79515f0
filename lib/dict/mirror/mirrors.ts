import { abortable } from '../abortable.ts';
import type { LiveMirror } from './liveMirror.ts';
import type { Mirror, MirrorOptions } from './mirror.ts';
import type { MirroredDict } from './source.ts';
import type { MirrorBasis } from './view.ts';

/** The mirrors of one dictionary. What they are made of is a fifth of the library, and loaded with the first one. */
export class Mirrors {
  readonly #basis: MirrorBasis;
  readonly #dict: MirroredDict;
  readonly #open = new Set<LiveMirror>();

  constructor(basis: MirrorBasis, dict: MirroredDict) {
    this.#basis = basis;
    this.#dict = dict;
  }

  /**
   * @throws {ConfigError} An option is unknown, or not what it should be. Nothing was done.
   * @throws {SchemaError} What is stored does not fit the schema.
   */
  async open(options: MirrorOptions): Promise<Mirror> {
    const { makeMirror } = await import('./makeMirror.ts');
    const mirror = makeMirror(this.#basis, options);
    const { signal } = options;
    signal?.throwIfAborted();
    try {
      await abortable(this.adopt(mirror), signal).catch((error: unknown) => mirror.fallBack(error));
    } catch (error) {
      mirror.end();
      throw error;
    }
    return mirror;
  }

  /** Keeps a mirror current from now on. Resolves when everything is loaded. */
  adopt(mirror: LiveMirror): Promise<void> {
    this.#open.add(mirror);
    return mirror.attach(this.#dict, () => this.#open.delete(mirror));
  }

  stateChanged(): void {
    for (const mirror of this.#open) mirror.updateState();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((mirror) => mirror.release()));
  }
}
