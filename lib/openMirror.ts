import type { Mirror, MirrorConfig, MirrorOptions } from './dict/mirror/mirror.ts';
import { MIRROR_OPTION_NAMES } from './dict/mirror/optionNames.ts';
import type { NearDict } from './dict/nearDict.ts';
import { basisOf, openDict } from './openDict.ts';
import { type OpenOptions, resolveOptions } from './options.ts';
import { Reaching } from './reaching.ts';
import { isSchema, type SchemaOutput, type SchemaValues, type StandardSchema } from './schema/standardSchema.ts';

/** What `openMirror` takes: the options of the dictionary and those of its mirror. */
export interface OpenMirrorOptions<T extends object = Record<string, unknown>>
  extends Omit<OpenOptions, 'schema'>, Omit<MirrorOptions<T>, 'schema'> {
  /** One of the whole object, as for `mirror()`, or one for each key, as for `openDict()`. */
  readonly schema?: StandardSchema | Readonly<Record<string, StandardSchema>> | undefined;
}

/** A mirror with the dictionary that was opened for it. */
export interface OpenedMirror<T extends object, C = MirrorConfig<T>> extends Mirror<T, C> {
  /**
   * Everything that waits for the store.
   *
   * @throws {UnavailableError} The mirror was opened from its `backup` or `bootstrap`, and the store not reached yet.
   */
  readonly handle: NearDict<T, C>;
}

/**
 * Opens a dictionary and its mirror in one step: a plain config object that all processes share.
 *
 * Closing the mirror closes the dictionary.
 *
 * @returns As `openDict` and `mirror()`; `mirror.handle` is the handle of the dictionary.
 * @throws As `openDict` and `mirror()`. Nothing is left open.
 *
 * @example
 * const { config } = await openMirror<{ port: number }>({ namespace: 'settings' });
 * config.port = 8080;
 * config.port; // 8080, here and in every other process
 */
export function openMirror<S extends StandardSchema<unknown, object>>(
  options: OpenMirrorOptions & { readonly schema: S },
): Promise<OpenedMirror<SchemaOutput<S> & object, SchemaOutput<S>>>;
export function openMirror<const S extends Readonly<Record<string, StandardSchema>>>(
  options: OpenMirrorOptions & { readonly schema: S },
): Promise<OpenedMirror<SchemaValues<S>, SchemaValues<S>>>;
export function openMirror<T extends object>(
  options: OpenMirrorOptions<T> & { readonly defaults: T },
): Promise<OpenedMirror<T, T>>;
export function openMirror<T extends object = Record<string, unknown>>(
  options: OpenMirrorOptions<T>,
): Promise<OpenedMirror<T>>;
export async function openMirror(options: OpenMirrorOptions): Promise<unknown> {
  const { ofDict, ofMirror } = split(options);
  try {
    return await openAtOnce(ofDict, ofMirror);
  } catch (error) {
    return openLater(ofDict, ofMirror, error);
  }
}

async function openAtOnce(ofDict: OpenOptions, ofMirror: MirrorOptions): Promise<unknown> {
  const handle = await openDict(ofDict);
  try {
    const mirror = await handle.mirror(ofMirror);
    // Closing the dictionary closes its mirrors.
    return Object.assign(mirror, { handle, close: () => handle.close() });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Shows what was kept for this case, and goes on trying to reach the store. */
async function openLater(ofDict: OpenOptions, ofMirror: MirrorOptions, reason: unknown): Promise<unknown> {
  if (ofMirror.bootstrap === undefined && ofMirror.backup === undefined) throw reason;
  const { showKept } = await import('./dict/mirror/makeMirror.ts');
  const mirror = await showKept(basisOf(resolveOptions(ofDict)), ofMirror, reason);
  const reaching = new Reaching(mirror, ofDict);
  const close = async (): Promise<void> => {
    await mirror.release();
    await reaching.close();
  };
  return Object.defineProperty(Object.assign(mirror, { close }), 'handle', { get: () => reaching.handle });
}

function split(options: OpenMirrorOptions): { readonly ofDict: OpenOptions; readonly ofMirror: MirrorOptions } {
  const isOfMirror = ([name, value]: readonly [string, unknown]): boolean =>
    name === 'schema' ? isSchema(value) : MIRROR_OPTION_NAMES.has(name);
  const entries = Object.entries(options);
  return {
    ofDict: Object.fromEntries(entries.filter((entry) => !isOfMirror(entry))) as unknown as OpenOptions,
    ofMirror: Object.fromEntries(entries.filter(isOfMirror)),
  };
}
