import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Values } from '../../codec/values.ts';
import { ConfigError } from '../../errors.ts';
import type { KeySchemas } from '../../schema/keySchemas.ts';
import { isSchema, type StandardSchema } from '../../schema/standardSchema.ts';
import { assertKey } from '../keys.ts';
import type { MirrorOptions } from './mirror.ts';
import { MIRROR_OPTION_NAMES } from './optionNames.ts';

type Data = Readonly<Record<string, unknown>>;

/** Options of a mirror after checking. */
export interface MirrorSettings {
  readonly schema: StandardSchema | undefined;
  readonly defaults: Data;
  readonly overrides: Data;
  /** The object, or the path of its file. */
  readonly bootstrap: string | Data | undefined;
  /** The path of the file. */
  readonly backup: string | undefined;
}

/**
 * @throws {ConfigError} An option is unknown, or not what it should be.
 * @throws {KeyError | CodecError | SchemaError} A default or override could not be a value of the dictionary.
 */
export function resolveMirrorOptions(options: MirrorOptions, values: Values, schemas: KeySchemas): MirrorSettings {
  if (typeof options !== 'object' || options === null) throw new ConfigError('mirror() takes an object of options.');
  for (const name of Object.keys(options)) {
    if (MIRROR_OPTION_NAMES.has(name)) continue;
    throw new ConfigError(
      `There is no option '${name}' of a mirror. There are: ${[...MIRROR_OPTION_NAMES].join(', ')}.`,
    );
  }
  const { schema, defaults = {}, overrides = {}, bootstrap, backup, onProgress } = options;
  if (schema !== undefined && !isSchema(schema))
    throw new ConfigError("The option 'schema' of a mirror must be a Standard Schema of the whole object.");
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new ConfigError("The option 'onProgress' must be a function.");
  const layer = (name: string, given: unknown): Data => resolveLayer(name, given, values, schemas);
  return {
    schema,
    defaults: layer('defaults', defaults),
    overrides: layer('overrides', overrides),
    bootstrap: isPath(bootstrap) || bootstrap === undefined ? resolvePath(bootstrap) : layer('bootstrap', bootstrap),
    backup: resolvePath(backup),
  };
}

function isPath(value: unknown): value is string | URL {
  return typeof value === 'string' || value instanceof URL;
}

function resolvePath(path: string | URL | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (typeof path === 'string' && path !== '') return resolve(path);
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  throw new ConfigError("The options 'bootstrap' and 'backup' take the path or the file: URL of a file.");
}

/** A copy that nobody else can change, of values that the dictionary could hold. */
function resolveLayer(name: string, given: unknown, values: Values, schemas: KeySchemas): Data {
  if (typeof given !== 'object' || given === null) throw new ConfigError(`The option '${name}' must be an object.`);
  // Any key of it can be a property.
  const layer = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(given)) {
    // Only `undefined` is absent.
    if (value === undefined) continue;
    assertKey(key);
    layer[key] = values.guardedCopy(key, schemas.check(key, value));
  }
  return layer;
}
