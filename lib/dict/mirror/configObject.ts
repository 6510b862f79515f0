import { KeyError, usageError } from '../../errors.ts';
import { PROTO } from '../keys.ts';
import type { Table } from './table.ts';

type Data = Record<string, unknown>;

/** Where assignments go. Both throw for what can't be written, before anything is done. */
export interface ConfigWrites {
  assign(key: string, value: unknown): void;
  remove(key: string): void;
}

/**
 * The object that looks plain because it nearly is: real properties, behind a Proxy that only sees writes, and reads as
 * long as something packed is left.
 *
 * Measured: a Proxy without a `get` trap costs about two reads of a plain object, with this one three.
 */
export class ConfigObject {
  /** What users hold: the same object for good. */
  readonly config: Data;
  readonly #table: Table;
  readonly #handler: Handler;
  readonly #readTraps: ReadTraps;
  #current: Readonly<Data> | undefined;

  /** @param table - What it shows. */
  constructor(writes: ConfigWrites, table: Table) {
    this.#table = table;
    // Nothing packed stands under a symbol.
    this.#readTraps = {
      get: (target, key, receiver) => table.unpacked(key as string, Reflect.get(target, key, receiver)),
      getOwnPropertyDescriptor: (target, key) => {
        table.unpacked(key as string, target[key as string]);
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
    };
    this.#handler = { ...noReadTraps, ...writeTraps(writes, () => this.config) };
    this.config = new Proxy(table.object, this.#handler as ProxyHandler<Data>);
  }

  /** A frozen plain object with what `config` shows now. Made when it is asked for, and kept until the next change. */
  get current(): Readonly<Data> {
    this.#current ??= Object.freeze(this.#copy());
    return this.#current;
  }

  /** `undefined`: not shown. */
  get(key: string): unknown {
    return this.#table.get(key);
  }

  keys(): string[] {
    return this.#table.keys();
  }

  /** @param value - `undefined` removes. */
  show(key: string, value: unknown): void {
    if (key === PROTO) return;
    this.#current = undefined;
    this.#table.set(key, value);
  }

  /** Unpacks what is packed, one by one, while reads unpack what they meet. */
  *unpackEach(): Generator<void, void, undefined> {
    if (!this.#table.holdsPacked) return;
    Object.assign(this.#handler, this.#readTraps);
    yield* this.#table.unpackEach();
    Object.assign(this.#handler, noReadTraps);
  }

  /** By assignment: properties that are defined or spread are slower to read. */
  #copy(): Data {
    const copy: Data = {};
    for (const key of this.keys()) copy[key] = this.get(key);
    return copy;
  }
}

type ReadTraps = Required<Pick<ProxyHandler<Data>, 'get' | 'getOwnPropertyDescriptor'>>;
type Handler = Omit<ProxyHandler<Data>, keyof ReadTraps> & { [K in keyof ReadTraps]: ReadTraps[K] | undefined };

/** A trap that is there and `undefined` is found absent sooner than one that is not there (measured). */
const noReadTraps = { get: undefined, getOwnPropertyDescriptor: undefined };

function writeTraps(writes: ConfigWrites, config: () => Data): ProxyHandler<Data> {
  return {
    set(target, key, value, receiver) {
      if (receiver !== config()) return Reflect.set(target, key, value, receiver);
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
  };
}

function propertyKey(key: string | symbol): string {
  if (typeof key === 'symbol') throw new KeyError('A symbol is not a key. Use a string.');
  if (key !== PROTO) return key;
  throw new KeyError(`'${PROTO}' is no property of a mirror. Use the handle: set('${PROTO}', value), get and delete.`);
}
