import type { Values } from '../codec/values.ts';
import { CodecError, ConfigError } from '../errors.ts';
import { versionOf } from '../store/version.ts';
import type { Atomics, Compute, Stored } from '../write/atomics.ts';
import type { Content } from '../write/writer.ts';
import { abortable, orAbort } from './abortable.ts';
import { assertManyKeys } from './keys.ts';
import type { SetOptions, WriteOptions } from './nearDict.ts';
import { givenUpTooLate, type Writes } from './writes.ts';

/** What its results are told of by. */
const UPDATE = 'The function given to update()';

/** What `update()` of one key calls. */
export type Change = (value: unknown) => unknown;
/** What `update()` of several keys calls. */
export type ChangeMany = (values: Record<string, unknown>) => unknown;

/** Writes that depend on what is stored, in terms of values. */
export class Updates {
  readonly #atomics: Atomics;
  readonly #writes: Writes;
  readonly #values: Values;

  constructor(atomics: Atomics, writes: Writes, values: Values) {
    this.#atomics = atomics;
    this.#writes = writes;
    this.#values = values;
  }

  /** Resolves the version. */
  async setIf(key: string, value: unknown, { ifVersion, ttl, signal }: SetOptions): Promise<string> {
    if (ifVersion !== null && typeof ifVersion !== 'string') {
      throw new ConfigError("The option 'ifVersion' must be a version, or null: only if the key is missing.");
    }
    const content = await this.#writes.encode(key, value, this.#writes.ttlOf(ttl));
    signal?.throwIfAborted();
    const setting = this.#atomics.setIf(key, content, ifVersion);
    await (signal === undefined ? setting : orAbort(setting, signal, () => givenUpTooLate(signal)));
    return versionOf(content.bytes);
  }

  async update(key: string, change: Change, { ttl, signal }: WriteOptions): Promise<unknown> {
    this.#writes.check(key);
    const ttlMs = this.#writes.ttlOf(ttl);
    const stored = await untilAborted(signal, (guard) =>
      this.#atomics.update(
        key,
        guard(async (before) => {
          const next = await change(this.#decode(key, before));
          return new Map([[key, await this.#writes.encodeNew(UPDATE, key, next, ttlMs)]]);
        }),
      ),
    );
    return this.#decode(key, stored);
  }

  async updateMany(
    given: readonly string[],
    change: ChangeMany,
    { ttl, signal }: WriteOptions,
  ): Promise<Record<string, unknown>> {
    assertManyKeys(given);
    const keys = [...given];
    for (const key of keys) this.#writes.check(key);
    const ttlMs = this.#writes.ttlOf(ttl);
    const stored = await untilAborted(signal, (guard) =>
      this.#atomics.updateMany(
        keys,
        guard(async (before) => this.#encodeMany(keys, await change(this.#decodeMany(keys, before)), ttlMs)),
      ),
    );
    return this.#decodeMany(keys, stored);
  }

  async getOrSet(key: string, make: () => Promise<unknown>, { ttl, signal }: WriteOptions): Promise<unknown> {
    const ttlMs = this.#writes.ttlOf(ttl);
    const bytes = await abortable(
      this.#atomics.getOrSet(key, async () => this.#writes.encode(key, await make(), ttlMs)),
      signal,
    );
    return this.#decode(key, new Map([[key, bytes]]));
  }

  #decode(key: string, stored: Stored): unknown {
    const bytes = stored.get(key);
    return bytes && this.#values.decode(key, bytes).value;
  }

  #decodeMany(keys: readonly string[], stored: Stored): Record<string, unknown> {
    return Object.fromEntries(keys.map((key) => [key, this.#decode(key, stored)]));
  }

  async #encodeMany(
    keys: readonly string[],
    changes: unknown,
    ttlMs: number | undefined,
  ): Promise<ReadonlyMap<string, Content>> {
    if (typeof changes !== 'object' || changes === null) {
      throw new CodecError(`${UPDATE} must return an object with the new values.`);
    }
    const given = new Set(keys);
    const contents = new Map<string, Content>();
    for (const [key, value] of Object.entries(changes)) {
      if (!given.has(key)) throw new CodecError(`${UPDATE} returned a value for another key.`);
      contents.set(key, await this.#writes.encodeNew(UPDATE, key, value, ttlMs));
    }
    return contents;
  }
}

/**
 * Runs an update that ends when the signal is aborted.
 *
 * @param run - Gets what it has to wrap around its computation, by which is known what the abort meets.
 */
async function untilAborted(
  signal: AbortSignal | undefined,
  run: (guard: (compute: Compute) => Compute) => Promise<Stored>,
): Promise<Stored> {
  if (signal === undefined) return run((compute) => compute);
  signal.throwIfAborted();
  let isSent = false;
  const update = run((compute) => async (stored) => {
    isSent = false;
    signal.throwIfAborted();
    const changes = await compute(stored);
    signal.throwIfAborted();
    isSent = true;
    return changes;
  });
  return orAbort(update, signal, () => (isSent ? givenUpTooLate(signal) : (signal.reason as Error)));
}
