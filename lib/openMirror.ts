import type { Mirror, MirrorOptions } from './dict/mirror/mirror.ts';
import { MIRROR_OPTION_NAMES } from './dict/mirror/mirrors.ts';
import type { NearDict } from './dict/nearDict.ts';
import { openDict } from './openDict.ts';
import type { OpenOptions } from './options.ts';

/** What `openMirror` takes: the options of the dictionary and those of its mirror. */
export interface OpenMirrorOptions extends OpenOptions, MirrorOptions {}

/** A mirror with the dictionary that was opened for it. */
export interface OpenedMirror<T extends object> extends Mirror<T> {
  /** Everything that waits for the store. */
  readonly handle: NearDict<T>;
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
export async function openMirror<T extends object = Record<string, unknown>>(
  options: OpenMirrorOptions,
): Promise<OpenedMirror<T>> {
  const isOfMirror = ([name]: readonly [string, unknown]): boolean => MIRROR_OPTION_NAMES.has(name);
  const entries = Object.entries(options);
  const handle = await openDict<T>(
    Object.fromEntries(entries.filter((entry) => !isOfMirror(entry))) as unknown as OpenOptions,
  );
  try {
    const mirror = await handle.mirror(Object.fromEntries(entries.filter(isOfMirror)));
    // Closing the dictionary closes its mirrors.
    return Object.assign(mirror, { handle, close: () => handle.close() });
  } catch (error) {
    await handle.close();
    throw error;
  }
}
