import { ConfigError } from '../errors.ts';
import { KeySchemas } from './keySchemas.ts';
import { isSchema, type StandardSchema } from './standardSchema.ts';

/** @throws {ConfigError} Not an object of schemas, not a schema, or both options were given. */
export function resolveSchemas(schema: unknown, each: unknown): KeySchemas {
  if (schema !== undefined && each !== undefined)
    throw new ConfigError("The options 'schema' and 'each' exclude each other.");
  if (each !== undefined && !isSchema(each)) throw new ConfigError("The option 'each' must be a Standard Schema.");
  if (isSchema(schema)) {
    throw new ConfigError(
      "The option 'schema' of a dictionary has one schema for each key, such as `object.shape` of zod. One of the whole object belongs to the mirror.",
    );
  }
  if (schema === null || !['object', 'undefined'].includes(typeof schema))
    throw new ConfigError("The option 'schema' must be an object with a Standard Schema for each key.");
  const byKey = new Map<string, StandardSchema>();
  for (const [key, one] of Object.entries(schema ?? {})) {
    if (!isSchema(one)) throw new ConfigError(`The option 'schema.${key}' must be a Standard Schema.`);
    byKey.set(key, one);
  }
  return new KeySchemas(byKey, each);
}
