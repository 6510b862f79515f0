import { SchemaError } from '../../errors.ts';
import { isNoValue } from '../../schema/keySchemas.ts';
import type { StandardSchema } from '../../schema/standardSchema.ts';
import { validateNow } from '../../schema/validate.ts';

type Data = Readonly<Record<string, unknown>>;

/** Stands for the whole object among keys; it can be no key. */
const WHOLE = '';

/** Fits all values of a mirror into one schema, and lets the last good value of a key stay where a new one does not fit. */
export class Shape {
  /** Keys whose value does not fit, and why. */
  invalid: ReadonlyMap<string, SchemaError> = new Map();
  readonly #schema: StandardSchema;
  readonly #onInvalid: (key: string, error: SchemaError) => void;
  #told: ReadonlyMap<string, unknown> = new Map();

  /** @param onInvalid - Told of each value that does not fit, once. */
  constructor(schema: StandardSchema, onInvalid: (key: string, error: SchemaError) => void) {
    this.#schema = schema;
    this.#onInvalid = onInvalid;
  }

  /**
   * What is to be shown of `values`, while `shown` is.
   *
   * @throws {SchemaError} They don't fit, whichever keys keep their last good value.
   */
  fit(values: Data, shown: Data): Data {
    const candidate: Record<string, unknown> = { ...values };
    const refused = new Map<string, SchemaError>();
    for (;;) {
      try {
        const fitted = validateNow(this.#schema, undefined, candidate) as Data;
        this.#refuse(refused, values);
        return fitted;
      } catch (error) {
        const keys = keysOf(error).filter((key) => !refused.has(key));
        if (keys.length === 0) {
          this.#refuse(new Map([[WHOLE, error as SchemaError]]), values);
          throw error;
        }
        for (const key of keys) {
          refused.set(key, error as SchemaError);
          if (Object.hasOwn(shown, key)) candidate[key] = shown[key];
          else delete candidate[key];
        }
      }
    }
  }

  /**
   * What is stored when `key` is assigned, while `shown` is shown.
   *
   * @throws {SchemaError} It would not fit.
   */
  check(key: string, value: unknown, shown: Data): unknown {
    if (isNoValue(value)) return value;
    const fitted = validateNow(this.#schema, undefined, { ...shown, [key]: value }) as Data;
    if (Object.hasOwn(fitted, key)) return fitted[key];
    throw new SchemaError(`The schema of the mirror has no key '${key}'. Name it there first.`, [], key);
  }

  /**
   * Makes sure that `key` can be deleted, while `shown` is shown.
   *
   * @param fallback - What the key would show then; `undefined`: nothing.
   * @throws {SchemaError} It would not fit.
   */
  checkWithout(key: string, fallback: unknown, shown: Data): void {
    const { [key]: _, ...rest } = shown;
    validateNow(this.#schema, undefined, fallback === undefined ? rest : { ...rest, [key]: fallback });
  }

  #refuse(refused: ReadonlyMap<string, SchemaError>, values: Data): void {
    const told = this.#told;
    this.invalid = refused;
    this.#told = new Map([...refused.keys()].map((key) => [key, values[key]]));
    for (const [key, error] of refused) {
      if (!told.has(key) || told.get(key) !== values[key]) this.#onInvalid(key, error);
    }
  }
}

/** The keys that a schema finds fault with. */
function keysOf(error: unknown): string[] {
  if (!(error instanceof SchemaError)) throw error;
  const first = error.issues.flatMap(({ path }) => (path.length === 0 ? [] : [String(path[0])]));
  return [...new Set(first)];
}
