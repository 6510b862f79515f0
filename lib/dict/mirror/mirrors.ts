import { ConfigError } from '../../errors.ts';
import { abortable } from '../abortable.ts';
import { LiveMirror, type MirrorParts } from './liveMirror.ts';
import type { Mirror, MirrorOptions } from './mirror.ts';

/** The names of a mirror's own options. */
export const MIRROR_OPTION_NAMES: ReadonlySet<string> = new Set([
  'signal',
  'onProgress',
] satisfies (keyof MirrorOptions)[]);

/** The mirrors of one dictionary. */
export class Mirrors {
  readonly #parts: MirrorParts;
  readonly #open = new Set<LiveMirror>();

  constructor(parts: MirrorParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** @throws {ConfigError} An option is unknown, or not what it should be. Nothing was done. */
  async open(options: MirrorOptions): Promise<Mirror> {
    const { signal, onProgress } = checked(options);
    signal?.throwIfAborted();
    const mirror: LiveMirror = new LiveMirror(this.#parts, () => this.#open.delete(mirror));
    this.#open.add(mirror);
    if (onProgress !== undefined) mirror.on('progress', onProgress);
    try {
      await abortable(mirror.load(), signal);
    } catch (error) {
      mirror.end();
      throw error;
    }
    return mirror;
  }

  stateChanged(): void {
    for (const mirror of this.#open) mirror.updateState();
  }

  close(): void {
    for (const mirror of this.#open) mirror.end();
  }
}

function checked(options: MirrorOptions): MirrorOptions {
  if (typeof options !== 'object' || options === null) throw new ConfigError('mirror() takes an object of options.');
  for (const name of Object.keys(options)) {
    if (MIRROR_OPTION_NAMES.has(name)) continue;
    throw new ConfigError(
      `There is no option '${name}' of a mirror. There are: ${[...MIRROR_OPTION_NAMES].join(', ')}.`,
    );
  }
  const { onProgress } = options;
  if (onProgress === undefined || typeof onProgress === 'function') return options;
  throw new ConfigError("The option 'onProgress' must be a function.");
}
