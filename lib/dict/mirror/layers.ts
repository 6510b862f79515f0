import { SchemaError } from '../../errors.ts';
import type { KeySchemas } from '../../schema/keySchemas.ts';
import { Refused } from './contents.ts';

type Data = Readonly<Record<string, unknown>>;

/** The values of a key from different places. The first that has one wins. */
export interface LayerParts {
  /** Set by this process for itself, over everything. */
  readonly overrides: Data;
  /** Written by this process and not in the store yet, as far as it knows. */
  readonly own: () => { has(key: string): boolean; get(key: string): unknown; keys(): Iterable<string> } | undefined;
  readonly stored: { get(key: string): unknown; keys(): Iterable<string> };
  /** Of this process, for keys without a value. Those of the schemas come after them. */
  readonly defaults: Data;
  readonly schemas: KeySchemas;
  /** Makes a value one that readers can share. */
  readonly guard: (key: string, value: unknown) => unknown;
}

/** Lays the values of keys over each other: overrides, own writes, what is stored, defaults. */
export class Layers {
  readonly #parts: LayerParts;
  readonly #defaults: Data;
  readonly #required: ReadonlySet<string>;

  /** @throws {SchemaError} A schema is asynchronous. */
  constructor(parts: LayerParts) {
    this.#parts = parts;
    const { defaults, required } = ofSchemas(parts);
    this.#defaults = defaults;
    this.#required = required;
  }

  /** `undefined`: there is none. */
  valueOf(key: string): unknown {
    const { overrides } = this.#parts;
    if (Object.hasOwn(overrides, key)) return overrides[key];
    const value = this.#writtenOrStored(key);
    return value === undefined ? this.defaultOf(key) : value;
  }

  /** Every key whose value may be another than the one that is stored; some more than once. */
  covering(): string[] {
    const { own, overrides } = this.#parts;
    return [...Object.keys(this.#defaults), ...(own()?.keys() ?? []), ...Object.keys(overrides)];
  }

  /** What a key shows that nobody has written; `undefined`: nothing. */
  defaultOf(key: string): unknown {
    return Object.hasOwn(this.#defaults, key) ? this.#defaults[key] : undefined;
  }

  /** Every key that may have a value; some more than once. */
  keys(): string[] {
    return [...this.covering(), ...this.#parts.stored.keys()];
  }

  isOverridden(key: string): boolean {
    return Object.hasOwn(this.#parts.overrides, key);
  }

  /** Whether the key must have a value, and has no default. */
  isRequired(key: string): boolean {
    return this.#required.has(key);
  }

  /**
   * @param invalid - Why stored values can't be shown.
   * @throws A required key has no value, or none that can be shown.
   */
  assertComplete(invalid: ReadonlyMap<string, Error>): void {
    const missing = [...this.#required].filter((key) => this.valueOf(key) === undefined);
    const unfit = missing.find((key) => invalid.has(key));
    if (unfit !== undefined) throw invalid.get(unfit) as Error;
    if (missing.length > 0) throw missingError(missing);
  }

  #writtenOrStored(key: string): unknown {
    const own = this.#parts.own();
    const written = own?.get(key);
    return own?.has(key) === true && !(written instanceof Refused) ? written : this.#parts.stored.get(key);
  }
}

/** Required keys have no value, or would have none. */
export function missingError(keys: readonly string[]): SchemaError {
  return new SchemaError(
    `There is no value for ${keys.map((key) => `'${key}'`).join(', ')}, and the schema has no default. Write one first, or give the mirror \`defaults\`.`,
    keys.map((key) => ({ path: [key], message: 'required, and missing' })),
    keys.length === 1 ? keys[0] : undefined,
  );
}

function ofSchemas({ schemas, defaults: given, guard }: LayerParts): {
  readonly defaults: Data;
  readonly required: ReadonlySet<string>;
} {
  const defaults: Record<string, unknown> = { ...given };
  const required = new Set<string>();
  for (const key of schemas.keys) {
    if (Object.hasOwn(given, key)) continue;
    try {
      const value = schemas.missing(key);
      if (value !== undefined) defaults[key] = guard(key, value);
    } catch (error) {
      if (!(error instanceof SchemaError) || error.issues.length === 0) throw error;
      required.add(key);
    }
  }
  return { defaults, required };
}
