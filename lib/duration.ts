import { ConfigError } from './errors.ts';

/** Milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * The duration in milliseconds.
 *
 * @throws {ConfigError} No duration, or less than `leastMs`. It calls the option by `name`.
 */
export function durationMs(name: string, value: unknown, leastMs: number): number {
  const ms = typeof value === 'string' ? parse(value) : value;
  // A timer of Node takes at most 2 ** 31 - 1 milliseconds.
  if (typeof ms === 'number' && ms >= leastMs && ms < 2 ** 31) return ms;
  throw new ConfigError(
    `The option '${name}' must be ${leastMs} or more milliseconds (at most 24 days), or like '30s' or '5m'.`,
  );
}

/**
 * A time to live in whole milliseconds; `undefined`: for ever, which is written `Infinity`.
 *
 * @throws {ConfigError} No time to live.
 */
export function ttlOf(value: unknown): number | undefined {
  if (value === Number.POSITIVE_INFINITY) return undefined;
  const ms = typeof value === 'string' ? parse(value) : value;
  // Stores add it to the time of day, and messages carry it in 6 bytes.
  if (typeof ms === 'number' && ms >= 1 && ms < 2 ** 47) return Math.floor(ms);
  throw new ConfigError("The option 'ttl' must be 1 or more milliseconds, like '30s' or '5m', or Infinity.");
}

function parse(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined ? Number.NaN : Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
