/** The keys of a dictionary. */
export type Key<T> = keyof T & string;

/** The values that a key can have. A key that is optional can be missing, but no entry is `undefined`. */
export type Value<T, K extends keyof T> = Required<T>[K];

/** A key with a value of its own type. */
export type Pair<T> = { [K in Key<T>]: readonly [K, Value<T, K>] }[Key<T>];
