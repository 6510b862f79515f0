import { type Duration, durationMs } from '../duration.ts';
import { ConfigError } from '../errors.ts';
import type { ConflictPolicy } from './conflict.ts';

/** Assignments are kept in this process for a while. */
export interface WriteBackMode {
  readonly mode: 'back';
  /**
   * How long an assignment may stay in this process alone. At least 10 ms, default `'1s'`. A process that crashes loses
   * what was assigned since, plus the time that a flush takes.
   */
  readonly flushInterval?: Duration | undefined;
  /**
   * Most keys with assignments that the store does not have. At half of it they are flushed; an assignment beyond it
   * throws `BackpressureError`. Integer from 1 to 1 000 000, default 10 000.
   */
  readonly maxDirty?: number | undefined;
  /**
   * What becomes of a key that others have changed since the value was known on which the assignment was based:
   * `'remote'` (default), theirs stays; `'local'`, mine is written over it; or a function that merges both. Each case is a
   * `conflict` event with all three values.
   */
  readonly onConflict?: ConflictPolicy | undefined;
}

/** How assignments get to the store: at once (`'through'`), or later, many of one key as one (`'back'`). */
export type WriteMode = 'through' | 'back' | WriteBackMode;

/** What is left of a write mode after checking; `undefined`: write-through. */
export interface WriteBackSettings {
  readonly flushIntervalMs: number;
  readonly maxDirty: number;
  readonly onConflict: ConflictPolicy;
}

const MODE_OPTIONS: readonly string[] = ['mode', 'flushInterval', 'maxDirty', 'onConflict'];

/** @throws {ConfigError} No write mode. */
export function resolveWriteMode(mode: unknown): WriteBackSettings | undefined {
  if (mode === 'through') return undefined;
  if (mode === 'back') return resolveWriteBack({ mode });
  if (typeof mode === 'object' && (mode as WriteBackMode | null)?.mode === 'back')
    return resolveWriteBack(mode as WriteBackMode);
  throw new ConfigError(
    "The option 'write' must be 'through', 'back' or { mode: 'back', flushInterval, maxDirty, onConflict }.",
  );
}

function resolveWriteBack(options: WriteBackMode): WriteBackSettings {
  const unknown = Object.keys(options).find((name) => !MODE_OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(`There is no option 'write.${unknown}'. There are: ${MODE_OPTIONS.join(', ')}.`);
  }
  const { flushInterval = 1000, maxDirty = 10_000, onConflict = 'remote' } = options;
  if (!Number.isInteger(maxDirty) || maxDirty < 1 || maxDirty > 1_000_000) {
    throw new ConfigError("The option 'write.maxDirty' must be an integer from 1 to 1000000.");
  }
  const flushIntervalMs = durationMs('write.flushInterval', flushInterval, 10);
  // A timer takes no more.
  if (flushIntervalMs >= 2 ** 31) throw new ConfigError("The option 'write.flushInterval' must be less than 24 days.");
  if (onConflict !== 'remote' && onConflict !== 'local' && typeof onConflict !== 'function') {
    throw new ConfigError("The option 'write.onConflict' must be 'remote', 'local' or a function that merges.");
  }
  return { flushIntervalMs, maxDirty, onConflict };
}
