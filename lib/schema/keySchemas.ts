import { SchemaError } from '../errors.ts';
import type { StandardSchema } from './standardSchema.ts';
import { validate, validateNow } from './validate.ts';

/** What every value of a dictionary has to be, key by key. */
export class KeySchemas {
  readonly #byKey: ReadonlyMap<string, StandardSchema>;
  readonly #each: StandardSchema | undefined;

  /**
   * @param byKey - The schemas of single keys: others can't be written.
   * @param each - One schema for all keys, instead.
   */
  constructor(byKey: ReadonlyMap<string, StandardSchema>, each: StandardSchema | undefined) {
    this.#byKey = byKey;
    this.#each = each;
  }

  /** The keys that have a schema of their own. */
  get keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  /**
   * What is stored for `value`.
   *
   * @throws {SchemaError} The value is refused, or its schema is asynchronous.
   */
  check(key: string, value: unknown): unknown {
    const schema = this.#schemaOf(key);
    return schema === undefined || isNoValue(value) ? value : validateNow(schema, key, value);
  }

  /** The same, or a promise of it where the schema is asynchronous. */
  checkSoon(key: string, value: unknown): unknown {
    const schema = this.#schemaOf(key);
    return schema === undefined || isNoValue(value) ? value : validate(schema, key, value);
  }

  /** Whether any value is one for `key`. */
  isFree(key: string): boolean {
    return this.#each === undefined && !this.#byKey.has(key);
  }

  /** What is shown of a stored value. Keys without a schema are shown as they are. */
  checkStored(key: string, value: unknown): unknown {
    const schema = this.#byKey.get(key) ?? this.#each;
    return schema === undefined ? value : validateNow(schema, key, value);
  }

  /**
   * What a missing key holds: the default of its schema; `undefined` if it is optional.
   *
   * @throws {SchemaError} It is required.
   */
  missing(key: string): unknown {
    const schema = this.#byKey.get(key);
    return schema === undefined ? undefined : validateNow(schema, key, undefined);
  }

  #schemaOf(key: string): StandardSchema | undefined {
    const schema = this.#byKey.get(key) ?? this.#each;
    if (schema !== undefined || this.#byKey.size === 0) return schema;
    throw new SchemaError(
      `There is no schema for the key '${key}'. Name it in the option 'schema', or use 'each'.`,
      [],
      key,
    );
  }
}

/** What no schema may turn into a value: a forgotten one, and one that was not awaited. The codec says so. */
export function isNoValue(value: unknown): boolean {
  if (value === undefined) return true;
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  );
}
