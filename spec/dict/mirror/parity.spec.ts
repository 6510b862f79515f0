import assert from 'node:assert/strict';
import { format, inspect, isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { msgpackCodec } from '../../../lib/codec/msgpack.ts';
import { Values } from '../../../lib/codec/values.ts';
import { ConfigObject } from '../../../lib/dict/mirror/configObject.ts';
import { Packed } from '../../../lib/dict/mirror/packed.ts';
import { Table } from '../../../lib/dict/mirror/table.ts';

type Config = Record<string, any>;

const content = (): Config => ({
  b: 1,
  a: 'one',
  db: Object.freeze({ host: 'h', ports: Object.freeze([1, 2]) }),
  7: null,
});

const values = new Values(msgpackCodec, 'frozen', 1024);
const pack = (key: string, value: unknown): unknown => new Packed(key, values.encode(value), values);

/** @param hold - What is shown under a key for its value. */
function makeConfig(hold: (key: string, value: unknown) => unknown = (_key, value) => value): Config {
  const object = new ConfigObject(
    {
      assign(key, value) {
        object.show(key, value);
      },
      remove(key) {
        object.show(key, undefined);
      },
    },
    new Table(),
  );
  for (const [key, value] of Object.entries(content())) object.show(key, hold(key, value));
  // Stops before the first.
  object.unpackEach().next();
  return object.config;
}

/** What came of it, in a form that can be compared; and what the object holds afterwards. */
function outcome(object: Config, operate: (object: Config) => unknown): unknown {
  let result: string;
  try {
    result = inspect(operate(object), { depth: 9, getters: true });
  } catch (error) {
    result = `throws ${(error as Error).name}`;
  }
  return { result, after: inspect(Object.entries(object), { depth: 9 }) };
}

function call(object: Config, method: string, ...args: readonly unknown[]): unknown {
  return Reflect.apply(object[method] as () => unknown, object, args);
}

class Base {
  get inherited(): number {
    return 1;
  }
}

/** Looks at nothing that a literal of the same content would not show. */
const alike: Readonly<Record<string, (o: Config) => unknown>> = {
  // Reading
  'o.b': (o) => o['b'],
  'o.db.host': (o) => o['db'].host,
  'o.db.ports[1]': (o) => o['db'].ports[1],
  'o.missing': (o) => o['missing'],
  'o.missing?.x': (o) => o['missing']?.x,
  'o[7]': (o) => o[7],
  'o[symbol]': (o) => o[Symbol('s') as unknown as string],
  'const { a, ...rest } = o': ({ a, ...rest }) => [a, rest],
  'const { x = 5 } = o': ({ x = 5 }) => x,
  'Reflect.get': (o) => Reflect.get(o, 'a'),
  'typeof o': (o) => typeof o,
  // Names that every object has
  'o.toString()': (o) => call(o, 'toString'),
  '`> ${o}`': (o) => `> ${o as unknown as string}`,
  'o + "!"': (o) => (o as unknown as string) + '!',
  'Number(o)': (o) => Number(o),
  'o.valueOf() === o': (o) => o.valueOf() === o,
  'o.constructor === Object': (o) => o.constructor === Object,
  'o.hasOwnProperty': (o) => [o.hasOwnProperty('a'), o.hasOwnProperty('x'), o.hasOwnProperty('toString')],
  'o.propertyIsEnumerable': (o) => o.propertyIsEnumerable('a'),
  'o.isPrototypeOf': (o) => o.isPrototypeOf({}),
  'o.toLocaleString()': (o) => call(o, 'toLocaleString'),
  'o.__proto__': (o) => o['__proto__'] === Object.prototype,
  'o.then, toJSON, $$typeof': (o) => [o['then'], o['toJSON'], o['$$typeof'], o['asymmetricMatch']],
  'Object.prototype.toString': (o) => Object.prototype.toString.call(o),
  'instanceof Object': (o) => o instanceof Object,
  'instanceof Base': (o) => o instanceof Base,
  'Object.getPrototypeOf': (o) => Object.getPrototypeOf(o) === Object.prototype,
  'Object.prototype.isPrototypeOf': (o) => Object.prototype.isPrototypeOf.call(Object.prototype, o),
  // Asking for keys
  '"a" in o': (o) => 'a' in o,
  '"x" in o': (o) => 'x' in o,
  '"toString" in o': (o) => 'toString' in o,
  '"__proto__" in o': (o) => '__proto__' in o,
  'symbol in o': (o) => Symbol.iterator in o,
  'Reflect.has': (o) => [Reflect.has(o, 'a'), Reflect.has(o, 'x')],
  'Object.hasOwn': (o) => [Object.hasOwn(o, 'a'), Object.hasOwn(o, '__proto__')],
  'Object.keys': (o) => Object.keys(o),
  'Object.values': (o) => Object.values(o),
  'Object.entries': (o) => Object.entries(o),
  'Object.getOwnPropertyNames': (o) => Object.getOwnPropertyNames(o),
  'Object.getOwnPropertySymbols': (o) => Object.getOwnPropertySymbols(o),
  'Reflect.ownKeys': (o) => Reflect.ownKeys(o),
  'Object.getOwnPropertyDescriptor': (o) => Object.getOwnPropertyDescriptor(o, 'a'),
  'Object.getOwnPropertyDescriptor of a missing key': (o) => Object.getOwnPropertyDescriptor(o, 'x'),
  'Object.getOwnPropertyDescriptors': (o) => Object.getOwnPropertyDescriptors(o),
  'o.__lookupGetter__': (o) => call(o, '__lookupGetter__', 'a'),
  'Object.isExtensible': (o) => Object.isExtensible(o),
  'Object.isFrozen, isSealed': (o) => [Object.isFrozen(o), Object.isSealed(o)],
  'for in': (o) => {
    const keys: string[] = [];
    for (const key in o) keys.push(key);
    return keys;
  },
  'for of': (o) => [...(o as unknown as Iterable<unknown>)],
  // Copies and comparisons
  '{ ...o }': (o) => ({ ...o }),
  '{ b: 2, ...o, a: 3 }': (o) => ({ b: 2, ...o, a: 3 }),
  'Object.assign({}, o)': (o) => Object.assign({}, o),
  'Object.fromEntries': (o) => Object.fromEntries(Object.entries(o)),
  'Object.create(o)': (o) => (Object.create(o) as Config)['a'],
  'Object.groupBy by map': (o) => new Map(Object.entries(o)),
  'JSON.stringify': (o) => JSON.stringify(o),
  'JSON.stringify with indent and filter': (o) => JSON.stringify(o, ['a', 'db', 'host'], 2),
  'JSON.parse(JSON.stringify)': (o) => JSON.parse(JSON.stringify({ o })) as unknown,
  'structuredClone({ ...o })': (o) => structuredClone({ ...o }),
  'assert.deepStrictEqual': (o) => {
    assert.deepStrictEqual(o, content());
  },
  'assert.deepStrictEqual, other way round': (o) => {
    assert.deepStrictEqual(content(), o);
  },
  'assert.deepEqual': (o) => {
    // oxlint-disable-next-line typescript/no-deprecated
    assert.deepEqual(o, content());
  },
  'assert.notDeepStrictEqual': (o) => {
    assert.notDeepStrictEqual(o, { ...content(), b: 2 });
  },
  'assert.deepStrictEqual that fails': (o) => {
    assert.deepStrictEqual(o, {});
  },
  isDeepStrictEqual: (o) => isDeepStrictEqual(o, content()),
  'expect().toEqual': (o) => {
    expect(o).toEqual(content());
  },
  'expect().toStrictEqual': (o) => {
    expect(o).toStrictEqual(content());
  },
  'expect().toMatchObject': (o) => {
    expect(o).toMatchObject({ db: { host: 'h' } });
  },
  'expect().toHaveProperty': (o) => {
    expect(o).toHaveProperty('db.host', 'h');
  },
  'expect().toEqual(objectContaining)': (o) => {
    expect({ o }).toEqual({ o: expect.objectContaining({ a: 'one' }) });
  },
  'a failing expect().toEqual': (o) => {
    expect(o).toEqual({ other: true });
  },
  // Printing
  'util.inspect': (o) => inspect(o),
  'util.inspect with showHidden': (o) => inspect(o, { showHidden: true, compact: false }),
  'util.format %o %O %j %s': (o) => [format('%O', o), format('%j', o), format('%s', o)],
  'String(Object.keys)': (o) => String(Object.keys(o)),
  // Promises
  'Promise.resolve(o)': (o) => Promise.resolve(o) instanceof Promise,
  // Writing
  'o.b = 2': (o) => (o['b'] = 2),
  'o.fresh = {}': (o) => (o['fresh'] = Object.freeze({})),
  'o[1] = 1': (o) => (o[1] = 1),
  'o.b++': (o) => o['b']++,
  'o.b += 1': (o) => (o['b'] += 1),
  'o.a ??= 1': (o) => (o['a'] ??= 1),
  'o.x ??= 1': (o) => (o['x'] ??= 1),
  'o.x ||= 1': (o) => (o['x'] ||= 1),
  'o.a &&= 1': (o) => (o['a'] &&= 1),
  'o.then = 1': (o) => (o['then'] = 1),
  'o.constructor = 1': (o) => (o['constructor'] = 1),
  'o.hasOwnProperty = 1': (o) => (o['hasOwnProperty'] = 1),
  'delete o.a': (o) => delete o['a'],
  'delete o.missing': (o) => delete o['missing'],
  'delete o.toString': (o) => delete (o as { toString?: unknown }).toString,
  'Object.assign(o, ...)': (o) => Object.keys(Object.assign(o, { b: 3, c: 4 })),
  'Reflect.set': (o) => Reflect.set(o, 'b', 5),
  'Reflect.deleteProperty': (o) => Reflect.deleteProperty(o, 'b'),
  '[o.a, o.b] = [1, 2]': (o) => ([o['a'], o['b']] = [1, 2]),
  '({ x: o.a } = { x: 1 })': (o) => ({ x: o['a'] } = { x: 1 }),
  'delete, then assign, moves the key to the end': (o) => {
    delete o['b'];
    o['b'] = 1;
  },
  'for (o.a of [1, 2])': (o) => {
    for (o['a'] of [1, 2]);
  },
  'o.db.host = "x"': (o) => (o['db'].host = 'x'),
  'o.db.ports.push(3)': (o) => o['db'].ports.push(3) as unknown,
  'delete o.db.host': (o) => delete o['db'].host,
  // Children
  'Object.create(o).a = 2': (o) => {
    const child = Object.create(o) as Config;
    child['a'] = 2;
    return [Object.keys(child), child['a'], o['a']];
  },
  'Object.create(o).x = 2': (o) => {
    const child = Object.create(o) as Config;
    child['x'] = 2;
    return [Object.keys(child), 'x' in o];
  },
  'a class on top': (o) => {
    const child = Object.setPrototypeOf({ own: 1 }, o) as Config;
    return [child['own'], child['a'], Object.keys(child)];
  },
  'Reflect.set with a receiver': (o) => {
    const receiver = {};
    return [Reflect.set(o, 'a', 2, receiver), receiver];
  },
  // As what programs use objects for
  'new Map([[o, 1]])': (o) => new Map([[o, 1]]).get(o),
  'new WeakSet([o])': (o) => new WeakSet([o]).has(o),
  'new URLSearchParams': (o) =>
    new URLSearchParams(Object.entries(o).map(([k, v]) => [k, String(v)] as [string, string])).toString(),
  'Array.from(Object.entries)': (o) => Array.from(Object.entries(o), ([key]) => key),
  'with a Proxy around': (o) => new Proxy(o, {})['a'] as unknown,
  'as the this of a method': (o) =>
    function (this: Config) {
      return this['a'] as unknown;
    }.call(o),
};

/** What a Proxy can't do, or a dictionary must not, with what comes of it here. */
const different: Readonly<Record<string, readonly [operate: (o: Config) => unknown, here: RegExp]>> = {
  'structuredClone(o)': [(o) => structuredClone(o), /^throws DataCloneError/],
  'Object.freeze(o)': [(o) => Object.freeze(o), /^throws TypeError/],
  'Object.seal(o)': [(o) => Object.seal(o), /^throws TypeError/],
  'Object.preventExtensions(o)': [(o) => Object.preventExtensions(o), /^throws TypeError/],
  'Object.setPrototypeOf(o, Base)': [(o) => Object.setPrototypeOf(o, Base.prototype) as unknown, /^throws TypeError/],
  'o.__proto__ = {}': [(o) => (o['__proto__'] = {}), /^throws KeyError/],
  'delete o.__proto__': [(o) => delete o['__proto__'], /^throws KeyError/],
  'Object.defineProperty': [(o) => Object.defineProperty(o, 'x', { value: 1 }), /^throws TypeError/],
  'o.__defineGetter__': [
    (o) => {
      call(o, '__defineGetter__', 'x', () => 1);
    },
    /^throws TypeError/,
  ],
  'o[symbol] = 1': [(o) => (o[Symbol('s') as unknown as string] = 1), /^throws KeyError/],
  'util.inspect with showProxy': [(o) => inspect(o, { showProxy: true }), /^'Proxy/],
};

describe('config', () => {
  it.each(Object.entries(alike))('is like a literal: %s', (_name, operate) => {
    expect(outcome(makeConfig(), operate)).toEqual(outcome(content(), operate));
  });

  it.each(Object.entries(different))('differs from a literal, as documented: %s', (_name, [operate, here]) => {
    const { result } = outcome(makeConfig(), operate) as { readonly result: string };

    expect(result).toMatch(here);
    expect(outcome(makeConfig(), operate)).not.toEqual(outcome(content(), operate));
  });

  it.each(Object.entries(alike))('is like a literal while its values are packed: %s', (_name, operate) => {
    expect(outcome(makeConfig(pack), operate)).toEqual(outcome(content(), operate));
  });

  it('is read without traps once nothing is packed', () => {
    const object = new ConfigObject({ assign() {}, remove() {} }, new Table());
    object.show('a', pack('a', { x: 1 }));
    const unpacking = object.unpackEach();
    unpacking.next();
    const first = object.config['a'];

    unpacking.next();

    expect(object.config['a']).toBe(first);
    expect(inspect(object.config, { showProxy: true })).toContain('get: undefined');
  });

  it('is returned from an async function as it is', async () => {
    const config = makeConfig();

    expect(await (async () => config)()).toBe(config);
  });
});

describe('current', () => {
  const filled = (): ConfigObject => {
    const object = new ConfigObject({ assign() {}, remove() {} }, new Table());
    for (const [key, value] of Object.entries(content())) object.show(key, value);
    return object;
  };

  it('is a frozen plain object with the same content, made once', () => {
    const object = filled();

    expect(object.current).toStrictEqual(content());
    expect(Object.isFrozen(object.current)).toBe(true);
    expect(object.current).toBe(object.current);
    expect(structuredClone(object.current)).toEqual(content());
  });

  it('is another object after each change, and the old one stays as it was', () => {
    const object = filled();
    const before = object.current;

    object.show('b', 2);

    expect(object.current).not.toBe(before);
    expect([before['b'], object.current['b']]).toEqual([1, 2]);
  });

  it('leaves out what can be no property', () => {
    const object = filled();

    object.show('__proto__', { polluted: true });

    expect(object.current).toStrictEqual(content());
    expect((object.config as { polluted?: unknown }).polluted).toBeUndefined();
    expect(object.get('__proto__')).toBeUndefined();
  });
});
