import { inspect } from 'node:util';
import { KeyError, usageError } from '../errors.ts';
import { reservedNames } from './keys.ts';
import { LazyRead } from './lazyRead.ts';

/** What the Proxy does its work by. */
export interface DictAccess {
  readonly namespace: string;
  /** From memory, or `undefined`. */
  hit(key: string): Promise<unknown> | undefined;
  get(key: string): Promise<unknown>;
  /** Checks, and queues the write. */
  assign(key: string, value: unknown): void;
  /** Checks, and queues the delete. */
  remove(key: string): void;
  /** For `console.log`. */
  describe(): Record<string, unknown>;
}

/**
 * The object that looks plain.
 *
 * Traps are asked for many names that nobody means as keys: by `await`, printers and matchers. These never reach the
 * store.
 */
export function dictProxy(access: DictAccess): object {
  const proxy: object = new Proxy(proxyTarget(access), {
    get(target, key) {
      // Reserved names and symbols are never cached, so the common case needs no other check.
      return access.hit(key as string) ?? readSlowly(access, target, key);
    },
    set(_target, key, value, receiver) {
      if (receiver !== proxy) return Reflect.set(Object.create(null) as object, key, value, receiver);
      access.assign(propertyKey(key), value);
      return true;
    },
    deleteProperty(_target, key) {
      access.remove(propertyKey(key));
      return true;
    },
    has(target, key) {
      if (typeof key === 'symbol') return Reflect.has(target, key);
      if (reservedNames.has(key)) return false;
      throw usageError('`in` can not wait for the store. Use `await handle.has(key)`.');
    },
    ownKeys() {
      return [];
    },
    getOwnPropertyDescriptor() {
      return undefined;
    },
    defineProperty() {
      throw usageError('A property of a dictionary can only be assigned, not defined.');
    },
    preventExtensions() {
      throw usageError('A dictionary can not be frozen, sealed or made non-extensible.');
    },
    setPrototypeOf() {
      throw usageError('The prototype of a dictionary can not be changed.');
    },
  });
  return proxy;
}

/** Symbols live here, and here `util.inspect` looks. They are configurable, so that hiding them from `ownKeys` is legal. */
function proxyTarget(access: DictAccess): object {
  const label = `[NearDict ${access.namespace}]`;
  const target: object = Object.create(null) as object;
  const symbols: Record<symbol, unknown> = {
    [Symbol.toPrimitive]: () => label,
    [Symbol.toStringTag]: 'NearDict',
    [inspect.custom]: () => {
      const { namespace, state, cached } = access.describe();
      return `NearDict '${String(namespace)}' (${String(state)}) ${inspect(cached)}`;
    },
  };
  for (const symbol of Object.getOwnPropertySymbols(symbols)) {
    Object.defineProperty(target, symbol, { value: symbols[symbol], configurable: true });
  }
  return target;
}

function readSlowly(access: DictAccess, target: object, key: string | symbol): unknown {
  if (typeof key === 'symbol') return Reflect.get(target, key);
  if (key === 'toString') return () => `[NearDict ${access.namespace}]`;
  if (reservedNames.has(key)) return undefined;
  return new LazyRead(() => access.get(key));
}

function propertyKey(key: string | symbol): string {
  if (typeof key === 'symbol') throw new KeyError('A symbol is not a key. Use a string.');
  if (!reservedNames.has(key)) return key;
  throw new KeyError(
    `'${key}' is reserved on the dictionary object, because JavaScript or its tools ask every object for it. Use handle.set('${key}', value), get and delete.`,
  );
}
