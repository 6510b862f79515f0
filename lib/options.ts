import type { CacheLimit } from './cache/nearCache.ts';
import type { Codec } from './codec/codec.ts';
import { jsonCodec } from './codec/json.ts';
import { msgpackCodec } from './codec/msgpack.ts';
import type { ValueMode } from './codec/values.ts';
import { ConfigError } from './errors.ts';
import { memoryStore } from './store/memory.ts';
import type { Store } from './store/store.ts';

/** Milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** How much a process keeps in memory, and for how long. */
export interface CacheOptions {
  /** Most entries held, missing keys included. Integer >= 1, default 10 000. */
  readonly maxItems?: number | undefined;
  /**
   * Longest life of a cached entry, by which changes of programs that announce nothing are seen. At least 100 ms, default
   * `'10m'`.
   */
  readonly maxAge?: Duration | undefined;
}

/** What `openDict` takes. An option that is `undefined` is absent. */
export interface OpenOptions {
  /** Names the dictionary: 1 to 64 of `A-Z a-z 0-9 _ . : -`. All processes that open it share it. */
  readonly namespace: string;
  /** Where it lives. Default: the memory of this process. */
  readonly store?: Store | undefined;
  /** `false`: every read asks the store. `'all'`: every key it met stays. Default: the last 10 000 used. */
  readonly cache?: false | 'all' | CacheOptions | undefined;
  /** A cached read was current at some moment in this span. At least 100 ms, default 5000. */
  readonly maxStaleness?: Duration | undefined;
  /**
   * How often the position of the dictionary is read while it is in use. At least 10 ms, at most half of `maxStaleness`;
   * default 1000, or a fifth of `maxStaleness` if that is less.
   */
  readonly verifyInterval?: Duration | undefined;
  /** By when every operation has ended. At least 10 ms, default 5000. */
  readonly timeout?: Duration | undefined;
  /** By when `openDict` has ended. At least 10 ms, default 10 000. */
  readonly connectTimeout?: Duration | undefined;
  /** How values become bytes. Default `'msgpack'`. */
  readonly codec?: 'msgpack' | 'json' | Codec | undefined;
  /** Readers share one deep-frozen value (`'frozen'`, default), or each read brings a copy (`'clone'`). */
  readonly values?: ValueMode | undefined;
  /** Values of at most this many bytes travel with the announcement of their write. 0 to 16384, default 256. */
  readonly inlineBytes?: number | undefined;
  /** Largest encoded value in bytes. 1 to 536870912 (512 MiB), default 1048576 (1 MiB). */
  readonly maxValueBytes?: number | undefined;
}

/** Options after checking, with defaults in place and durations in milliseconds. */
export interface Settings {
  readonly namespace: string;
  readonly store: Store;
  readonly cacheLimit: CacheLimit;
  readonly maxAgeMs: number;
  readonly maxStalenessMs: number;
  readonly verifyIntervalMs: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly codec: Codec;
  readonly values: ValueMode;
  readonly inlineBytes: number;
  readonly maxValueBytes: number;
}

const OPTION_NAMES: ReadonlySet<string> = new Set([
  'namespace',
  'store',
  'cache',
  'maxStaleness',
  'verifyInterval',
  'timeout',
  'connectTimeout',
  'codec',
  'values',
  'inlineBytes',
  'maxValueBytes',
] satisfies (keyof OpenOptions)[]);

const DEFAULT_MAX_AGE = '10m';
const DEFAULT_VERIFY_INTERVAL_MS = 1000;

/** @throws {ConfigError} An option is unknown or out of range. */
export function resolveOptions(options: OpenOptions): Settings {
  if (typeof options !== 'object' || options === null)
    throw new ConfigError('openDict() takes an object with a namespace.');
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name))
      throw new ConfigError(`There is no option '${name}'. There are: ${[...OPTION_NAMES].join(', ')}.`);
  }
  const maxStalenessMs = duration('maxStaleness', options.maxStaleness ?? 5000, 100);
  return {
    namespace: checkNamespace(options.namespace),
    store: checkStore(options.store ?? memoryStore()),
    ...resolveCache(options.cache ?? {}),
    maxStalenessMs,
    verifyIntervalMs: resolveVerifyInterval(options.verifyInterval, maxStalenessMs),
    timeoutMs: duration('timeout', options.timeout ?? 5000, 10),
    connectTimeoutMs: duration('connectTimeout', options.connectTimeout ?? 10_000, 10),
    codec: resolveCodec(options.codec ?? 'msgpack'),
    values: oneOf('values', options.values ?? 'frozen', ['frozen', 'clone']),
    inlineBytes: integer('inlineBytes', options.inlineBytes ?? 256, 0, 16_384),
    maxValueBytes: integer('maxValueBytes', options.maxValueBytes ?? 1024 * 1024, 1, 512 * 1024 * 1024),
  };
}

function checkNamespace(namespace: unknown): string {
  if (typeof namespace === 'string' && /^[A-Za-z0-9_.:-]{1,64}$/.test(namespace)) return namespace;
  throw new ConfigError("The option 'namespace' must be 1 to 64 of A-Z a-z 0-9 _ . : -");
}

function checkStore(store: Store): Store {
  if (typeof store === 'object' && store !== null && typeof store.open === 'function') return store;
  throw new ConfigError("The option 'store' must be a store, such as redisStore(client) or memoryStore().");
}

function resolveCache(cache: unknown): Pick<Settings, 'cacheLimit' | 'maxAgeMs'> {
  const defaultAge = duration('cache.maxAge', DEFAULT_MAX_AGE, 100);
  if (cache === false || cache === 'all') return { cacheLimit: cache, maxAgeMs: defaultAge };
  if (typeof cache !== 'object' || cache === null) {
    throw new ConfigError("The option 'cache' must be false, 'all' or { maxItems, maxAge }.");
  }
  const { maxItems, maxAge, ...others } = cache as CacheOptions;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined)
    throw new ConfigError(`There is no option 'cache.${unknown}'. There are: maxItems, maxAge.`);
  return {
    cacheLimit: integer('cache.maxItems', maxItems ?? 10_000, 1, 2 ** 24),
    maxAgeMs: duration('cache.maxAge', maxAge ?? DEFAULT_MAX_AGE, 100),
  };
}

function resolveVerifyInterval(interval: Duration | undefined, maxStalenessMs: number): number {
  if (interval === undefined) return Math.min(DEFAULT_VERIFY_INTERVAL_MS, maxStalenessMs / 5);
  const intervalMs = duration('verifyInterval', interval, 10);
  if (intervalMs <= maxStalenessMs / 2) return intervalMs;
  throw new ConfigError(
    `The option 'verifyInterval' (${intervalMs} ms) must be at most half of maxStaleness (${maxStalenessMs} ms), or cached reads lapse between two proofs.`,
  );
}

function resolveCodec(codec: 'msgpack' | 'json' | Codec): Codec {
  if (codec === 'msgpack') return msgpackCodec;
  if (codec === 'json') return jsonCodec;
  if (typeof codec !== 'object' || typeof codec?.encode !== 'function' || typeof codec.decode !== 'function') {
    throw new ConfigError("The option 'codec' must be 'msgpack', 'json' or { encode, decode }.");
  }
  if (codec.name === undefined || /^[A-Za-z0-9._-]{1,32}$/.test(codec.name)) return codec;
  throw new ConfigError("The codec's name must be 1 to 32 of A-Z a-z 0-9 . _ -");
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function duration(name: string, value: unknown, leastMs: number): number {
  const ms = typeof value === 'string' ? parseDuration(value) : value;
  // A timer of Node takes at most 2 ** 31 - 1 milliseconds.
  if (typeof ms === 'number' && ms >= leastMs && ms < 2 ** 31) return ms;
  throw new ConfigError(
    `The option '${name}' must be ${leastMs} or more milliseconds (at most 24 days), or like '30s' or '5m'.`,
  );
}

function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined ? Number.NaN : Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

function integer(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw new ConfigError(`The option '${name}' must be an integer from ${least} to ${most}.`);
}

function oneOf<V extends string>(name: string, value: V, allowed: readonly V[]): V {
  if (allowed.includes(value)) return value;
  throw new ConfigError(`The option '${name}' must be one of: ${allowed.join(', ')}.`);
}
