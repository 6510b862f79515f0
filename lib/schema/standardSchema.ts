/**
 * A schema of any library that follows the Standard Schema (zod, valibot, arktype and others).
 *
 * Only what is used of it stands here; https://standardschema.dev describes the rest.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: SchemaPath | undefined }[] };

type SchemaPath = readonly (PropertyKey | { readonly key: PropertyKey })[];

/** The type of what a schema makes of a value. */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output'];

type Outputs<S extends Readonly<Record<string, StandardSchema>>> = { -readonly [K in keyof S]: SchemaOutput<S[K]> };

type OptionalKey<O> = { [K in keyof O]: undefined extends O[K] ? K : never }[keyof O];

/** The values of a dictionary with a schema for each key. A key whose schema lets it be `undefined` can be missing. */
export type SchemaValues<S extends Readonly<Record<string, StandardSchema>>> = Flat<
  Omit<Outputs<S>, OptionalKey<Outputs<S>>> & {
    [K in OptionalKey<Outputs<S>>]?: Exclude<Outputs<S>[K], undefined>;
  }
>;

type Flat<T> = { [K in keyof T]: T[K] };

/** Whether it is a schema, and not an object of schemas. Some libraries make schemas that are functions. */
export function isSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { readonly '~standard'?: unknown })['~standard'];
  return typeof (standard as { readonly validate?: unknown } | undefined)?.validate === 'function';
}
