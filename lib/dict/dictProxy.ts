import { inspect } from 'node:util';
import { KeyError, usageError } from '../errors.ts';
import { reservedNames } from './keys.ts';
import { type Awaitable, LazyRead } from './lazyRead.ts';
import type { LocalReads } from './localReads.ts';

/** What the Proxy does its work by. */
export interface DictAccess {
  readonly namespace: string;
  readonly reads: Pick<LocalReads, 'hit'>;
  /** Reads what was no hit when it was looked at. */
  readonly ask: (key: string) => Awaitable;
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
  return Target.proxyOf(access);
}

/**
 * What a Proxy stands for: it looks empty, and holds what the traps work by.
 *
 * So the traps are the same functions for all dictionaries, compiled once, and a hit looks nothing up in a closure.
 */
class Target {
  static readonly #traps: ProxyHandler<Target> = {
    set(target, key, value, receiver) {
      if (receiver !== target.#proxy) return Reflect.set(Object.create(null) as object, key, value, receiver);
      target.#access.assign(propertyKey(key), value);
      return true;
    },
    deleteProperty(target, key) {
      target.#access.remove(propertyKey(key));
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
    // The last one: V8 looks through the traps from the end, for every read (6 % of a hit).
    get(target, key) {
      // Reserved names and symbols are never cached, so the common case needs no other check.
      return target.#reads.hit(key as string) ?? readSlowly(target.#access, target, key);
    },
  };

  readonly #access: DictAccess;
  /** Of the access: a step less on the way of a hit. */
  readonly #reads: Pick<LocalReads, 'hit'>;
  readonly #proxy: object;

  constructor(access: DictAccess) {
    this.#access = access;
    this.#reads = access.reads;
    Object.setPrototypeOf(this, null);
    const symbols = symbolsOf(access);
    // Configurable, so that hiding them from `ownKeys` is legal.
    for (const symbol of Object.getOwnPropertySymbols(symbols)) {
      Object.defineProperty(this, symbol, { value: symbols[symbol], configurable: true });
    }
    this.#proxy = new Proxy(this, Target.#traps);
  }

  static proxyOf(access: DictAccess): object {
    return new Target(access).#proxy;
  }
}

/** What symbols are answered with. `util.inspect` looks at the target itself. */
function symbolsOf(access: DictAccess): Record<symbol, unknown> {
  const label = `[NearDict ${access.namespace}]`;
  return {
    [Symbol.toPrimitive]: () => label,
    [Symbol.toStringTag]: 'NearDict',
    [inspect.custom]: () => {
      const { namespace, state, cached } = access.describe();
      return `NearDict '${String(namespace)}' (${String(state)}) ${inspect(cached)}`;
    },
  };
}

function readSlowly(access: DictAccess, target: object, key: string | symbol): unknown {
  if (typeof key === 'symbol') return Reflect.get(target, key);
  if (key === 'toString') return () => `[NearDict ${access.namespace}]`;
  if (reservedNames.has(key)) return undefined;
  return new LazyRead(key, access.ask);
}

function propertyKey(key: string | symbol): string {
  if (typeof key === 'symbol') throw new KeyError('A symbol is not a key. Use a string.');
  if (!reservedNames.has(key)) return key;
  throw new KeyError(
    `'${key}' is reserved on the dictionary object, because JavaScript or its tools ask every object for it. Use handle.set('${key}', value), get and delete.`,
  );
}
