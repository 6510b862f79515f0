import { KeyError, usageError } from '../../errors.ts';

type Data = Record<string, unknown>;

/** Where assignments go. Both throw for what can't be written, before anything is done. */
export interface ConfigWrites {
  assign(key: string, value: unknown): void;
  remove(key: string): void;
}

/** The one name that can't be a property: on an ordinary object it means the prototype. */
export const PROTO = '__proto__';

/**
 * The object that looks plain because it nearly is: real properties, behind a Proxy that only sees writes.
 *
 * A Proxy without a `get` trap costs about two reads of a plain object; one with it, or a target that began as `{}`, costs
 * nine (measured). Hence a target that is made without a prototype, and given the ordinary one afterwards.
 */
export class ConfigObject {
  /** What users hold: the same object for good. */
  readonly config: Data;
  readonly #target: Data = Object.setPrototypeOf(Object.create(null), Object.prototype) as Data;
  #current: Readonly<Data> | undefined;

  constructor(writes: ConfigWrites) {
    this.config = proxyOf(this.#target, writes);
  }

  /** A frozen plain object with what `config` shows now. Made when it is asked for, and kept until the next change. */
  get current(): Readonly<Data> {
    this.#current ??= Object.freeze(copyOf(this.#target));
    return this.#current;
  }

  /** `undefined`: not shown. */
  get(key: string): unknown {
    return Object.hasOwn(this.#target, key) ? this.#target[key] : undefined;
  }

  keys(): string[] {
    return Object.keys(this.#target);
  }

  /** @param value - `undefined` removes. */
  show(key: string, value: unknown): void {
    if (key === PROTO) return;
    this.#current = undefined;
    if (value === undefined) delete this.#target[key];
    else this.#target[key] = value;
  }
}

function proxyOf(target: Data, writes: ConfigWrites): Data {
  const proxy: Data = new Proxy(target, {
    set(_target, key, value, receiver) {
      if (receiver !== proxy) return Reflect.set(target, key, value, receiver);
      writes.assign(propertyKey(key), value);
      return true;
    },
    deleteProperty(_target, key) {
      writes.remove(propertyKey(key));
      return true;
    },
    defineProperty() {
      throw usageError('A property of a mirror can only be assigned, not defined.');
    },
    preventExtensions() {
      throw usageError(
        'A mirror can not be frozen, sealed or made non-extensible. Use `mirror.current`, which is frozen.',
      );
    },
    setPrototypeOf() {
      throw usageError('The prototype of a mirror can not be changed.');
    },
  });
  return proxy;
}

function propertyKey(key: string | symbol): string {
  if (typeof key === 'symbol') throw new KeyError('A symbol is not a key. Use a string.');
  if (key !== PROTO) return key;
  throw new KeyError(`'${PROTO}' is no property of a mirror. Use the handle: set('${PROTO}', value), get and delete.`);
}

/** By assignment: properties that are defined or spread are slower to read. */
function copyOf(data: Data): Data {
  const copy: Data = {};
  for (const key of Object.keys(data)) copy[key] = data[key];
  return copy;
}
