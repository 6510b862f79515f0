import { LiveMirror } from './liveMirror.ts';
import type { MirrorOptions } from './mirror.ts';
import { resolveMirrorOptions } from './mirrorOptions.ts';
import type { MirrorBasis } from './view.ts';

/** @throws {ConfigError} An option is unknown, or not what it should be. */
export function makeMirror(basis: MirrorBasis, options: MirrorOptions): LiveMirror {
  const mirror = new LiveMirror(basis, resolveMirrorOptions(options, basis.values, basis.schemas));
  if (options.onProgress !== undefined) mirror.on('progress', options.onProgress);
  return mirror;
}

/**
 * A mirror of a dictionary that could not be opened: it shows what was kept for this case.
 *
 * @throws `reason`, if nothing was kept.
 */
export async function showKept(basis: MirrorBasis, options: MirrorOptions, reason: unknown): Promise<LiveMirror> {
  const mirror = makeMirror(basis, options);
  try {
    await mirror.fallBack(reason);
  } catch (error) {
    mirror.end();
    throw error;
  }
  return mirror;
}
