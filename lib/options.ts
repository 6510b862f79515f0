import type { CacheLimit } from './cache/nearCache.ts';
import type { Codec } from './codec/codec.ts';
import { jsonCodec } from './codec/json.ts';
import { msgpackCodec } from './codec/msgpack.ts';
import type { ValueMode } from './codec/values.ts';
import { type Duration, durationMs, ttlOf } from './duration.ts';
import { ConfigError } from './errors.ts';
import type { KeySchemas } from './schema/keySchemas.ts';
import { resolveSchemas } from './schema/resolveSchemas.ts';
import type { StandardSchema } from './schema/standardSchema.ts';
import { memoryStore } from './store/memory.ts';
import type { Store } from './store/store.ts';
import { resolveWriteMode, type WriteBackSettings, type WriteMode } from './write/writeMode.ts';

/** How much a process keeps in memory, and for how long. */
export interface CacheOptions {
  /**
   * Most entries held, missing keys included. Integer >= 1, default 10 000. The last used half of it is certain to stay;
   * which others stay depends on the order of use.
   */
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
  /**
   * How old a value may be served when it can't be proved fresh and the store can't be reached. More than
   * `maxStaleness`. Default: none, such a read rejects with `UnavailableError`.
   *
   * The age counts from the moment at which the value was last known to be current. Only the first reads of an outage
   * wait until the store has failed to answer; `fresh`, `getEntry` and `peek` are never answered in this way, and nor
   * is a key that is not cached any more: after a change that was heard of, or a write of unknown outcome.
   */
  readonly staleIfError?: Duration | undefined;
  /**
   * By when every operation has ended. At least 10 ms, default 5000. For writes that wait in a long queue it counts from
   * the last one that got through, and in a walk over all entries for each step.
   */
  readonly timeout?: Duration | undefined;
  /** By when `openDict` has ended. At least 10 ms, default 10 000. */
  readonly connectTimeout?: Duration | undefined;
  /**
   * Number of parts in which keys are kept: writes are announced only to processes that read keys of the same part, and
   * each part can live on another node of a cluster. All processes must agree. 1 to 16384, default 1.
   */
  readonly partitions?: number | undefined;
  /**
   * What of a key decides in which partition it is: keys for which it returns the same string stay together. All processes
   * must use the same function. Default: the key.
   */
  readonly partitionBy?: ((key: string) => string) | undefined;
  /**
   * How long what is written lives in the store, unless the write says otherwise. At least 1 ms; default `Infinity`, for
   * ever. It begins anew with each write of the key.
   */
  readonly ttl?: Duration | undefined;
  /**
   * How assignments and `delete` get to the store: at once (`'through'`, default), or kept here for a while so that many of
   * one key become one write (`'back'`). Methods that are awaited always end with the store.
   */
  readonly write?: WriteMode | undefined;
  /** How values become bytes. Default `'msgpack'`. */
  readonly codec?: 'msgpack' | 'json' | Codec | undefined;
  /**
   * What the value of each key has to be, by any schema of the Standard Schema: zod (the `shape` of an object), valibot
   * (its `entries`), arktype and others. Every write is checked, and what the schema makes of it is stored; keys that are
   * not named can't be written. An asynchronous schema works with `set` and `setMany` only. A schema must accept what it
   * has made itself.
   */
  readonly schema?: Readonly<Record<string, StandardSchema>> | undefined;
  /** One schema for every value, instead of `schema`. */
  readonly each?: StandardSchema | undefined;
  /** Readers share one deep-frozen value (`'frozen'`, default), or each read brings a copy (`'clone'`). */
  readonly values?: ValueMode | undefined;
  /**
   * Values of at most this many bytes travel with the announcement of their write, others are read again by each process
   * that goes on using them. 0 to 16384, default 1024; with `tracking`, whose listeners can't use them, default 0. Less
   * where very many processes listen and few of them use the same keys.
   */
  readonly inlineBytes?: number | undefined;
  /**
   * The server reports every change of a key, so that also a plain `SET` of another program, expiry, eviction and
   * `FLUSHALL` are seen at once, and not only after `cache.maxAge`. It costs a connection for this dictionary, a second
   * message per write, and one read by each user of a key after each write of it. Default `false`. Memory, which has no
   * other programs, does nothing for it; on a Redis Cluster, and with `cache: false`, it is refused.
   */
  readonly tracking?: boolean | undefined;
  /** Largest encoded value in bytes. 1 to 536870912 (512 MiB), default 1048576 (1 MiB). */
  readonly maxValueBytes?: number | undefined;
}

/**
 * Options after checking, with defaults in place and durations in milliseconds.
 *
 * @internal
 */
export interface Settings {
  readonly namespace: string;
  readonly store: Store;
  readonly cacheLimit: CacheLimit;
  readonly maxAgeMs: number;
  readonly maxStalenessMs: number;
  readonly verifyIntervalMs: number;
  /** `undefined`: nothing that is not proven fresh is served. */
  readonly staleIfErrorMs: number | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly partitions: number;
  readonly partitionBy: ((key: string) => string) | undefined;
  /** `undefined`: for ever. */
  readonly ttlMs: number | undefined;
  /** `undefined`: write-through. */
  readonly writeBack: WriteBackSettings | undefined;
  readonly codec: Codec;
  readonly schemas: KeySchemas;
  readonly values: ValueMode;
  readonly inlineBytes: number;
  readonly tracking: boolean;
  readonly maxValueBytes: number;
}

const OPTION_NAMES: ReadonlySet<string> = new Set([
  'namespace',
  'store',
  'cache',
  'maxStaleness',
  'verifyInterval',
  'staleIfError',
  'timeout',
  'connectTimeout',
  'partitions',
  'partitionBy',
  'ttl',
  'write',
  'codec',
  'schema',
  'each',
  'values',
  'inlineBytes',
  'tracking',
  'maxValueBytes',
] satisfies (keyof OpenOptions)[]);

const DEFAULT_MAX_AGE = '10m';
const DEFAULT_VERIFY_INTERVAL_MS = 1000;

/**
 * The default of `inlineBytes`. A message of so many bytes costs the server hardly more than one of a few, and much less
 * than if a single listener reads the value again.
 *
 * @internal
 */
export const INLINE_BYTES = 1024;

/**
 * @throws {ConfigError} An option is unknown or out of range.
 * @internal
 */
export function resolveOptions(options: OpenOptions): Settings {
  if (typeof options !== 'object' || options === null)
    throw new ConfigError('openDict() takes an object with a namespace.');
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name))
      throw new ConfigError(`There is no option '${name}'. There are: ${[...OPTION_NAMES].join(', ')}.`);
  }
  // Only `undefined` is absent: null may have meant something, such as no cache.
  const {
    namespace,
    store = memoryStore(),
    cache = {},
    maxStaleness = 5000,
    verifyInterval,
    staleIfError,
    timeout = 5000,
    connectTimeout = 10_000,
    partitions,
    partitionBy,
    ttl = Number.POSITIVE_INFINITY,
    write = 'through',
    codec = 'msgpack',
    schema,
    each,
    values = 'frozen',
    tracking = false,
    inlineBytes = tracking ? 0 : INLINE_BYTES,
    maxValueBytes = 1024 * 1024,
  } = options;
  const maxStalenessMs = durationMs('maxStaleness', maxStaleness, 100);
  checkStore(store);
  return {
    namespace: checkNamespace(namespace),
    store,
    ...resolveCache(cache),
    maxStalenessMs,
    verifyIntervalMs: resolveVerifyInterval(verifyInterval, maxStalenessMs),
    staleIfErrorMs: resolveStaleIfError(staleIfError, maxStalenessMs, cache),
    timeoutMs: durationMs('timeout', timeout, 10),
    connectTimeoutMs: durationMs('connectTimeout', connectTimeout, 10),
    partitions: integer('partitions', partitions ?? store.defaultPartitions, 1, 16_384),
    partitionBy: resolvePartitionBy(partitionBy),
    ttlMs: ttlOf(ttl),
    writeBack: resolveWriteMode(write),
    codec: resolveCodec(codec),
    schemas: resolveSchemas(schema, each),
    values: oneOf('values', values, ['frozen', 'clone']),
    inlineBytes: integer('inlineBytes', inlineBytes, 0, 16_384),
    tracking: resolveTracking(tracking, cache),
    maxValueBytes: integer('maxValueBytes', maxValueBytes, 1, 512 * 1024 * 1024),
  };
}

function checkNamespace(namespace: unknown): string {
  if (typeof namespace === 'string' && /^[A-Za-z0-9_.:-]{1,64}$/.test(namespace)) return namespace;
  throw new ConfigError("The option 'namespace' must be 1 to 64 of A-Z a-z 0-9 _ . : -");
}

function checkStore(store: Store): void {
  if (typeof store === 'object' && store !== null && typeof store.open === 'function') return;
  throw new ConfigError("The option 'store' must be a store, such as redisStore(client) or memoryStore().");
}

function resolveCache(cache: unknown): Pick<Settings, 'cacheLimit' | 'maxAgeMs'> {
  if (cache === false || cache === 'all') {
    return { cacheLimit: cache, maxAgeMs: durationMs('cache.maxAge', DEFAULT_MAX_AGE, 100) };
  }
  if (typeof cache !== 'object' || cache === null) {
    throw new ConfigError("The option 'cache' must be false, 'all' or { maxItems, maxAge }.");
  }
  const { maxItems = 10_000, maxAge = DEFAULT_MAX_AGE, ...others } = cache as CacheOptions;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined)
    throw new ConfigError(`There is no option 'cache.${unknown}'. There are: maxItems, maxAge.`);
  return {
    cacheLimit: integer('cache.maxItems', maxItems, 1, 2 ** 24),
    maxAgeMs: durationMs('cache.maxAge', maxAge, 100),
  };
}

function resolveVerifyInterval(interval: Duration | undefined, maxStalenessMs: number): number {
  if (interval === undefined) return Math.min(DEFAULT_VERIFY_INTERVAL_MS, maxStalenessMs / 5);
  const intervalMs = durationMs('verifyInterval', interval, 10);
  if (intervalMs <= maxStalenessMs / 2) return intervalMs;
  throw new ConfigError(
    `The option 'verifyInterval' (${intervalMs} ms) must be at most half of maxStaleness (${maxStalenessMs} ms), or cached reads lapse between two proofs.`,
  );
}

function resolveStaleIfError(
  staleIfError: Duration | undefined,
  maxStalenessMs: number,
  cache: OpenOptions['cache'],
): number | undefined {
  if (staleIfError === undefined) return undefined;
  const staleIfErrorMs = durationMs('staleIfError', staleIfError, 100);
  if (cache === false) throw new ConfigError("The option 'staleIfError' needs a cache to serve from.");
  if (staleIfErrorMs > maxStalenessMs) return staleIfErrorMs;
  throw new ConfigError(
    `The option 'staleIfError' (${staleIfErrorMs} ms) must be more than maxStaleness (${maxStalenessMs} ms): younger values are served without asking the store.`,
  );
}

function resolveTracking(tracking: boolean, cache: OpenOptions['cache']): boolean {
  if (oneOf('tracking', tracking, [false, true]) && cache === false)
    throw new ConfigError(
      "The option 'tracking' needs a cache to keep current: leave it out, or have a small cache, `{ maxItems: 1 }`, for the sake of listeners and mirrors.",
    );
  return tracking;
}

function resolvePartitionBy(partitionBy: unknown): ((key: string) => string) | undefined {
  if (partitionBy === undefined || typeof partitionBy === 'function') return partitionBy as (key: string) => string;
  throw new ConfigError("The option 'partitionBy' must be a function from a key to a string.");
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

function integer(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw new ConfigError(`The option '${name}' must be an integer from ${least} to ${most}.`);
}

function oneOf<V extends string | boolean>(name: string, value: V, allowed: readonly V[]): V {
  if (allowed.includes(value)) return value;
  throw new ConfigError(`The option '${name}' must be one of: ${allowed.join(', ')}.`);
}
