import type { MirrorOptions } from './mirror.ts';

/** The names of a mirror's own options. */
export const MIRROR_OPTION_NAMES: ReadonlySet<string> = new Set([
  'schema',
  'defaults',
  'overrides',
  'bootstrap',
  'backup',
  'signal',
  'onProgress',
] satisfies (keyof MirrorOptions)[]);
