import { types } from 'node:util';
import { SchemaError, type SchemaIssue } from '../errors.ts';
import type { SchemaResult, StandardSchema } from './standardSchema.ts';

/**
 * The value as its schema makes it.
 *
 * @param key - The key that the value is for; `undefined`: it is the whole object.
 * @throws {SchemaError} The schema refuses it, or can't tell at once.
 */
export function validateNow(schema: StandardSchema, key: string | undefined, value: unknown): unknown {
  const made = validate(schema, key, value);
  if (!types.isPromise(made)) return made;
  // Whatever it comes to, nobody waits for it.
  made.catch(() => {});
  throw new SchemaError(
    `The schema${of(key)} is asynchronous, and this can't wait for it. Use \`await handle.set(key, value)\`, and a synchronous schema for a mirror.`,
    [],
    key,
  );
}

/** The same, or a promise of it where the schema is asynchronous. */
export function validate(schema: StandardSchema, key: string | undefined, value: unknown): unknown {
  const result = schema['~standard'].validate(value);
  return types.isPromise(result) ? result.then((settled) => valueOf(settled, key)) : valueOf(result, key);
}

function valueOf(result: SchemaResult<unknown>, key: string | undefined): unknown {
  if (result.issues === undefined) return result.value;
  const issues: readonly SchemaIssue[] = result.issues.map(({ message, path = [] }) => ({
    message,
    // Some libraries have a class of their own for paths.
    path: Array.from(path, (step) => (typeof step === 'object' ? step.key : step)),
  }));
  throw new SchemaError(
    `The value${of(key)} does not fit its schema${places(issues)}. \`error.issues\` has the words of the schema.`,
    issues,
    key,
  );
}

function of(key: string | undefined): string {
  return key === undefined ? ' of the whole' : ` of '${key}'`;
}

/** Where, and not what: a value may be a secret. */
function places(issues: readonly SchemaIssue[]): string {
  const paths = new Set(issues.map(({ path }) => path.map((step) => `[${JSON.stringify(String(step))}]`).join('')));
  paths.delete('');
  return paths.size === 0 ? '' : ` at ${[...paths].join(', ')}`;
}
