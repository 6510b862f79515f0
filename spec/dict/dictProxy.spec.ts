import { format, inspect, types } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { CodecError, handleOf, KeyError, type NearDict, openDict, reservedNames } from 'neardict';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { gate, recordReads, wrapStore } from '../support/wrapStore.ts';

interface Data {
  n: number;
  s: string;
  copy: unknown;
}

/** The dictionary as careless code sees it. */
type Loose = Record<string, number> & Record<'s', string>;

/** `n` and `s` are in memory. */
async function openWarm(): Promise<NearDict<Data>> {
  const handle = await openInMemory<Data>();
  await handle.setMany({ n: 1, s: 'n' });
  await Promise.all([handle.dict.n, handle.dict.s]);
  return handle;
}

/** `n` and `s` are in the store, and this handle has not met them. */
async function openCold(): Promise<NearDict<Data>> {
  const namespace = freshNamespace();
  await using writer = await openDict<Data>({ namespace });
  await writer.setMany({ n: 1, s: 'n' });
  return await openDict<Data>({ namespace });
}

/** `n` and `s` were assigned, and the store does not have them yet. */
async function openPending(): Promise<NearDict<Data>> {
  const handle = await openInMemory<Data>();
  handle.dict.n = 1;
  handle.dict.s = 'n';
  return handle;
}

describe.each([
  { kind: 'a hit', open: openWarm },
  { kind: 'a miss', open: openCold },
  { kind: 'a pending write', open: openPending },
])('a read used without await, on $kind', ({ open }) => {
  it.each([
    { code: 'dict.n++', use: (dict: Loose) => dict['n']!++ },
    { code: 'dict.n += 1', use: (dict: Loose) => (dict['n']! += 1) },
    { code: 'dict.s += "x"', use: (dict: Loose) => (dict.s += 'x') },
    { code: 'dict[dict.s]', use: (dict: Loose) => dict[dict.s] },
    { code: 'dict[dict.s] = 1', use: (dict: Loose) => (dict[dict.s] = 1) },
    { code: '`> ${dict.s}`', use: (dict: Loose) => `> ${dict.s}` },
    { code: 'dict.n < 2', use: (dict: Loose) => dict['n']! < 2 },
    { code: 'Number(dict.n)', use: (dict: Loose) => Number(dict['n']) },
  ])('throws a TypeError that names await and update(): $code', async ({ use }) => {
    await using handle = await open();
    const careless = handle.dict as unknown as Loose;

    expect(() => use(careless)).toThrow(TypeError);
    expect(() => use(careless)).toThrow(/await.*update\(\)/);

    await handle.flush();
    expect(await handle.snapshot()).toEqual({ n: 1, s: 'n' });
  });

  it('is refused as a value, with the advice to await', async () => {
    await using handle = await open();

    expect(() => {
      handle.dict.copy = handle.dict.n;
    }).toThrow(CodecError);
    expect(() => {
      handle.dict.copy = handle.dict.n;
    }).toThrow(/await/);
  });

  it('prints without doing anything', async () => {
    await using handle = await open();

    expect(inspect(handle.dict.n)).toMatch(/Promise/);
    expect(JSON.stringify({ n: handle.dict.n })).toBe('{"n":{}}');
  });
});

describe('assigning on the Proxy', () => {
  it.each([
    { what: 'a promise', value: Promise.resolve(1) },
    { what: 'a thenable', value: { then: (): void => {} } },
    { what: 'a function with then', value: Object.assign(() => {}, { then: (): void => {} }) },
    { what: 'a promise inside an object', value: { deep: [Promise.resolve(1)] } },
  ])('refuses $what and says await', async ({ value }) => {
    await using handle = await openInMemory();

    expect(() => {
      handle.dict['x'] = value;
    }).toThrow(CodecError);
    expect(() => {
      handle.dict['x'] = value;
    }).toThrow(/await/);
  });

  it('refuses undefined and names delete', async () => {
    await using handle = await openInMemory();

    expect(() => {
      handle.dict['x'] = undefined;
    }).toThrow(CodecError);
    expect(() => {
      handle.dict['x'] = undefined;
    }).toThrow(/delete/);
  });

  it('refuses a dictionary as a value, which would be stored as {}', async () => {
    await using handle = await openInMemory();

    expect(() => {
      handle.dict['x'] = handle.dict;
    }).toThrow(CodecError);
    expect(() => {
      handle.dict['x'] = { inside: [handle.dict] };
    }).toThrow(CodecError);
  });

  it('defines the property on an object that inherits from the dictionary, and writes nothing', async () => {
    await using handle = await openWarm();
    const child = Object.create(handle.dict) as { x?: number; n: unknown };

    child.x = 1;
    child.n = 2;
    await handle.flush();

    expect(Object.getOwnPropertyDescriptor(child, 'x')).toEqual({
      value: 1,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(child.n).toBe(2);
    expect(await handle.snapshot()).toEqual({ n: 1, s: 'n' });
  });

  it('reads through an object that inherits from the dictionary', async () => {
    await using handle = await openWarm();
    const child = Object.create(handle.dict) as { n: Promise<number> };

    expect(await child.n).toBe(1);
  });

  it('refuses a symbol', async () => {
    await using handle = await openInMemory();
    const dict = handle.dict as Record<symbol, unknown>;

    expect(() => {
      dict[Symbol('x')] = 1;
    }).toThrow(KeyError);
    expect(() => delete dict[Symbol('x')]).toThrow(KeyError);
    expect(dict[Symbol('x')]).toBeUndefined();
  });

  it('turns numbers and other keys into strings, as JavaScript does', async () => {
    await using handle = await openInMemory();

    (handle.dict as Record<number, unknown>)[5] = 'five';

    expect(await handle.get('5')).toBe('five');
  });

  it('is seen by the next read, and by others after a flush', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Data>({ namespace });
    await using there = await openDict<Data>({ namespace });

    here.dict.n = 5;
    const seenHere = await here.reads.n;
    await here.flush();

    expect(seenHere).toBe(5);
    expect(await there.dict.n).toBe(5);
  });
});

describe('deleting on the Proxy', () => {
  it('is seen by the next read and reaches the store', async () => {
    await using handle = await openWarm();

    const done = delete handle.dict.n;

    expect(done).toBe(true);
    expect(await handle.reads.n).toBeUndefined();
    await handle.flush();
    expect(await handle.get('n', { fresh: true })).toBeUndefined();
  });
});

describe('what a dictionary refuses', () => {
  it.each([
    { name: 'Object.freeze', use: (dict: object) => Object.freeze(dict) },
    { name: 'Object.seal', use: (dict: object) => Object.seal(dict) },
    { name: 'Object.preventExtensions', use: (dict: object) => Object.preventExtensions(dict) },
    { name: 'Object.setPrototypeOf', use: (dict: object) => Object.setPrototypeOf(dict, {}) as unknown },
    { name: 'Object.defineProperty', use: (dict: object) => Object.defineProperty(dict, 'x', { value: 1 }) },
    { name: '`in`', use: (dict: object) => 'x' in dict },
  ])('$name throws a TypeError', async ({ use }) => {
    await using handle = await openWarm();

    expect(() => use(handle.dict)).toThrow(TypeError);
    expect(await handle.dict.n).toBe(1);
  });

  it('`in` names has()', async () => {
    await using handle = await openWarm();

    expect(() => 'n' in handle.dict).toThrow(/has\(key\)/);
  });

  it('structuredClone throws a DataCloneError', async () => {
    await using handle = await openWarm();

    expect(() => structuredClone(handle.dict)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
  });
});

describe('looking at a dictionary', () => {
  it('shows no keys', async () => {
    await using handle = await openWarm();
    const { dict } = handle;
    const met: string[] = [];
    for (const key in dict) met.push(key);

    expect(Object.keys(dict)).toEqual([]);
    expect(Object.entries(dict)).toEqual([]);
    expect({ ...dict }).toEqual({});
    expect(Reflect.ownKeys(dict)).toEqual([]);
    expect(met).toEqual([]);
    expect(Object.getOwnPropertyDescriptor(dict, 'n')).toBeUndefined();
    expect(Object.hasOwn(dict, 'n')).toBe(false);
  });

  it('answers what the language asks of any object', async () => {
    await using handle = await openWarm();
    const { dict } = handle;
    const label = `[NearDict ${handle.namespace}]`;
    const text = dict as unknown as string;

    expect(String(dict as unknown)).toBe(label);
    expect(`> ${text}`).toBe(`> ${label}`);
    expect(text + '!').toBe(`${label}!`);
    expect((dict as { toString(): string }).toString()).toBe(label);
    expect(Object.prototype.toString.call(dict)).toBe('[object NearDict]');
    expect(JSON.stringify(dict)).toBe('{}');
    expect(JSON.stringify({ dict })).toBe('{"dict":{}}');
    expect(format('%j', dict)).toBe('{}');
    expect(Object.getPrototypeOf(dict)).toBeNull();
    expect(Object.isFrozen(dict)).toBe(false);
    expect(Array.isArray(dict)).toBe(false);
    expect([0].concat(dict as never)).toEqual([0, dict]);
  });

  it('is no thenable: awaiting, returning and resolving with it give it back', async () => {
    await using handle = await openWarm();
    const { dict } = handle;
    const returned = async (): Promise<object> => dict;

    // oxlint-disable-next-line typescript/await-thenable -- this is what is tested
    expect((await dict) === dict).toBe(true);
    expect((await returned()) === dict).toBe(true);
    expect((await Promise.resolve(dict)) === dict).toBe(true);
  });

  it('prints namespace, state and what is cached', async () => {
    await using handle = await openWarm();

    const printed = inspect(handle.dict);

    expect(printed).toContain(handle.namespace);
    expect(printed).toContain('coherent');
    expect(printed).toContain("n: 1, s: 'n'");
    expect(inspect({ inside: [handle.dict] })).toContain(handle.namespace);
    expect(format('%o', handle.dict)).toBeTruthy();
  });

  it('prints own writes that the store does not have yet in the place of what they replace', async () => {
    await using handle = await openWarm();

    handle.dict.n = 2;
    delete handle.dict.s;

    expect(inspect(handle.dict)).toContain('{ n: 2 }');
  });

  it('prints what was stored under a reserved name as data', async () => {
    await using handle = await openInMemory();

    void handle.set('__proto__', { evil: true });

    expect(inspect(handle.dict)).toContain("['__proto__']: { evil: true }");
  });

  it('prints at most twenty entries', async () => {
    await using handle = await openInMemory();
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
    await handle.setMany(keys.map((key) => [key, 1] as const));
    await handle.getMany(keys);

    const printed = inspect(handle.dict);

    expect(printed.match(/key-/g)).toHaveLength(20);
  });

  it('does no I/O and leaves no rejection behind', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory<Data>({ store });
    const { dict } = handle;

    void dict.n;
    void handle.reads.s;
    inspect(dict);
    inspect(dict.n, { showProxy: true });
    format('%o %O %j %s', dict, dict, dict, dict);
    Object.keys(dict);
    expect({ dict }).toEqual({ dict });
    expect(() => {
      expect(dict).toEqual({ n: 1 });
    }).toThrow('toEqual');
    await turn();

    expect(reads).toEqual([]);
  });

  it('gives its handle to who asks for it, and nothing for other objects', async () => {
    await using handle = await openWarm();

    expect(handleOf(handle.dict)).toBe(handle);
    expect(handleOf(handle.reads)).toBe(handle);
    expect(handleOf({})).toBeUndefined();
    expect(handleOf(Object.create(handle.dict) as object)).toBeUndefined();
  });
});

describe('a dictionary in matchers', () => {
  it('equals itself', async () => {
    await using handle = await openWarm();
    const { dict } = handle;

    expect(dict).toBe(dict);
    expect(dict).toEqual(dict);
    expect(dict).toStrictEqual(dict);
    expect({ dict }).toEqual({ dict });
    expect([dict]).toStrictEqual([dict]);
    expect({ dict, more: 1 }).toMatchObject({ dict });
    expect(dict).toMatchObject({});
    expect(dict).not.toEqual({});
    expect(dict).toBeDefined();
    expect(dict).toBeTruthy();
  });

  it.each([
    { matcher: 'toEqual', fail: (dict: object): void => expect(dict).toEqual({ n: 1 }) },
    { matcher: 'toStrictEqual', fail: (dict: object): void => expect(dict).toStrictEqual({}) },
    { matcher: 'toBe', fail: (dict: object): void => expect(dict).toBe({}) },
    { matcher: 'toMatchObject', fail: (dict: object): void => expect(dict).toMatchObject({ n: 1 }) },
    { matcher: 'not.toEqual', fail: (dict: object): void => expect({ dict }).not.toEqual({ dict }) },
    { matcher: 'toBeNull', fail: (dict: object): void => expect(dict).toBeNull() },
  ])('makes $matcher fail with a message of the matcher', async ({ fail }) => {
    await using handle = await openWarm();

    expect(() => {
      fail(handle.dict);
    }).toThrow(/expect\(.*received.*\)/);
  });

  it('is asked for no ordinary name by matchers and printers', async () => {
    await using handle = await openWarm();
    const asked = new Set<string | symbol>();
    const recorder = new Proxy(handle.dict, {
      get(dict, key) {
        asked.add(key);
        return Reflect.get(dict, key) as unknown;
      },
      has(dict, key) {
        asked.add(key);
        return Reflect.has(dict, key);
      },
    });
    const failures = [
      (): void => expect(recorder).toEqual({ n: 1 }),
      (): void => expect(recorder).toStrictEqual({ n: 1 }),
      (): void => expect(recorder).toMatchObject({ n: 1 }),
      (): void => expect([recorder]).toEqual([new Map()]),
      (): void => expect(new Set([recorder])).toEqual(new Set([{}])),
    ];

    for (const fail of failures) expect(fail).toThrow('received');
    JSON.stringify(recorder);
    inspect(recorder);
    await Promise.resolve(recorder);
    expect(`> ${recorder as unknown as string}`).toContain('NearDict');

    expect([...asked].filter((key) => typeof key === 'string' && !reservedNames.has(key))).toEqual([]);
    expect(asked).toContain('then');
    expect(asked).toContain('$$typeof');
  });
});

describe.each([...reservedNames])('the reserved name %s', (name) => {
  it('is no property of a dictionary, but a key of its handle', async () => {
    await using handle = await openInMemory();
    const { dict } = handle;

    const written = handle.set(name, 1);
    const whilePending = dict[name];
    const readWhilePending = handle.get(name);
    await written;

    expect(typeof whilePending === 'function' ? (whilePending as () => string)() : whilePending).toBe(
      name === 'toString' ? `[NearDict ${handle.namespace}]` : undefined,
    );
    expect(await readWhilePending).toBe(1);
    expect(await handle.get(name)).toBe(1);
    expect(await handle.has(name)).toBe(true);
    expect(await handle.getMany([name])).toEqual(Object.fromEntries([[name, 1]]));
    expect(await handle.snapshot()).toEqual(Object.fromEntries([[name, 1]]));
    expect(typeof dict[name]).toBe(name === 'toString' ? 'function' : 'undefined');
    expect(name in dict).toBe(false);
    expect(await handle.delete(name)).toBe(true);
    expect(await handle.get(name)).toBeUndefined();
  });

  it('can not be assigned or deleted as a property', async () => {
    await using handle = await openInMemory();

    expect(() => {
      handle.dict[name] = 1;
    }).toThrow(KeyError);
    expect(() => {
      handle.dict[name] = 1;
    }).toThrow(`handle.set('${name}', value)`);
    expect(() => delete handle.dict[name]).toThrow(KeyError);
  });
});

it('never becomes a thenable, not even while a write of `then` is under way', async () => {
  const hold = gate();
  const store = wrapStore((space) => ({
    async write(...args) {
      await hold.pass();
      return space.write(...args);
    },
  }));
  await using handle = await openInMemory({ store });

  const written = handle.set('then', 1);
  await hold.reached;

  expect(handle.dict['then']).toBeUndefined();
  // oxlint-disable-next-line typescript/await-thenable -- this is what is tested
  expect((await handle.dict) === handle.dict).toBe(true);
  hold.open();
  await written;
  expect(await handle.get('then')).toBe(1);
});

describe('a lazy read', () => {
  it('asks the store only when it is awaited', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory<Data>({ store });

    const read = handle.reads.n;
    await turn();
    const before = [...reads];
    await read;

    expect(before).toEqual([]);
    expect(reads).toEqual([['n']]);
  });

  it('asks once however often it is awaited', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory<Data>({ store, cache: false });

    const read = handle.reads.n;
    await read;
    await read;
    await Promise.all([read, read.then((value) => value), read.finally(() => {})]);

    expect(reads).toEqual([['n']]);
  });

  it('goes out together with the other reads of its tick', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory<Data>({ store });
    await handle.set('n', 1);
    const { dict } = handle;

    const values = await Promise.all([handle.reads.copy, handle.reads.s, dict.copy, handle.get('s')]);

    expect(values).toEqual([undefined, undefined, undefined, undefined]);
    expect(reads.map((keys) => keys.toSorted())).toEqual([['copy', 's']]);
  });

  it('is a frozen thenable that is no native promise', async () => {
    await using handle = await openInMemory<Data>();

    const read = handle.reads.n;

    expect(read).not.toBeInstanceOf(Promise);
    expect(types.isPromise(read)).toBe(false);
    expect(Object.isFrozen(read)).toBe(true);
    expect(Object.prototype.toString.call(read)).toBe('[object Promise]');
    expect(Object.keys(read)).toEqual([]);
    expect(Reflect.ownKeys(read)).toEqual([]);
    expect(() => Object.assign(read, { x: 1 })).toThrow(TypeError);
  });

  it('rejects only those who await it', async () => {
    await using handle = await openInMemory({
      store: wrapStore(() => ({ read: () => Promise.reject(new Error('no luck')) })),
    });

    const read = handle.reads['x'] as Promise<unknown>;
    await turn();

    await expect(read).rejects.toThrow('no luck');
    expect(await read.catch(() => 'caught')).toBe('caught');
  });

  it('of a bad key rejects with a KeyError when it is awaited', async () => {
    await using handle = await openInMemory();

    const read = handle.reads[''] as Promise<unknown>;

    await expect(read).rejects.toThrow(KeyError);
  });
});

describe('a hit', () => {
  it('is one native promise, shared and not frozen, with the guard as its own hidden property', async () => {
    await using handle = await openWarm();

    const read = handle.reads.n;

    expect(types.isPromise(read)).toBe(true);
    expect(read).toBeInstanceOf(Promise);
    expect(Object.isFrozen(read)).toBe(false);
    expect(handle.reads.n).toBe(read);
    expect(Object.keys(read)).toEqual([]);
    expect(Object.getOwnPropertyDescriptor(read, Symbol.toPrimitive)).toEqual({
      get: expect.any(Function),
      set: undefined,
      enumerable: false,
      configurable: false,
    });
  });

  it('of a missing key is undefined without asking again', async () => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory<Data>({ store });
    await handle.dict.n;

    expect(await handle.dict.n).toBeUndefined();
    expect(reads).toEqual([['n']]);
  });
});
