import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import {
  ClosedError,
  type Codec,
  CodecError,
  ConfigError,
  ConfigMismatchError,
  KeyError,
  memoryStore,
  type NearDict,
  openDict,
  type OpenOptions,
  ValueTooLargeError,
} from 'neardict';
import { redisStore } from 'neardict/redis';
import { freshNamespace, openInMemory } from '../support/openInMemory.ts';
import { rawCodec } from '../support/rawCodec.ts';
import { recordReads } from '../support/wrapStore.ts';

type Handle = NearDict;

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Every method that takes a key. */
const methods: readonly { readonly method: string; readonly call: (handle: Handle, key: string) => unknown }[] = [
  { method: 'get', call: (handle, key) => handle.get(key) },
  { method: 'get fresh', call: (handle, key) => handle.get(key, { fresh: true }) },
  { method: 'getMany', call: (handle, key) => handle.getMany(['ok', key]) },
  { method: 'has', call: (handle, key) => handle.has(key) },
  { method: 'peek', call: async (handle, key) => handle.peek(key) },
  { method: 'getEntry', call: (handle, key) => handle.getEntry(key) },
  { method: 'set', call: (handle, key) => handle.set(key, 1) },
  { method: 'setMany', call: (handle, key) => handle.setMany([['ok', 1] as const, [key, 1] as const]) },
  { method: 'delete', call: (handle, key) => handle.delete(key) },
  { method: 'deleteMany', call: (handle, key) => handle.deleteMany(['ok', key]) },
  { method: 'watch', call: async (handle, key) => handle.watch(key) },
];

const badKeys: readonly { readonly what: string; readonly key: unknown }[] = [
  { what: 'the empty string', key: '' },
  { what: 'a lone high surrogate', key: 'a\ud800' },
  { what: 'a lone low surrogate', key: '\udfffb' },
  { what: '1025 bytes', key: 'k'.repeat(1025) },
  { what: '342 characters of three bytes', key: '€'.repeat(342) },
  { what: 'a number', key: 5 },
  { what: 'null', key: null },
  { what: 'a symbol', key: Symbol('key') },
  { what: 'a boolean', key: true },
];

describe.each(badKeys)('$what as a key', ({ key }) => {
  it.each(methods)('is refused by $method with a KeyError, and nothing is done', async ({ call }) => {
    const { store, reads } = recordReads();
    await using handle = await openInMemory({ store });

    await expect(call(handle, key as string)).rejects.toThrow(KeyError);

    expect(reads).toEqual([]);
    expect(await handle.snapshot()).toEqual({});
  });
});

describe.each(badKeys.filter(({ key }) => typeof key === 'string'))('$what as a property', ({ key }) => {
  it('is refused with a KeyError: at once when written, awaited when read', async () => {
    await using handle = await openInMemory();
    const dict = handle.dict;

    expect(() => {
      dict[key as string] = 1;
    }).toThrow(KeyError);
    expect(() => delete dict[key as string]).toThrow(KeyError);
    await expect(dict[key as string]).rejects.toThrow(KeyError);
  });
});

describe('undefined as a key', () => {
  it.each(methods.filter(({ method }) => method !== 'watch'))(
    'is refused by $method with a KeyError',
    async ({ call }) => {
      await using handle = await openInMemory();

      await expect(call(handle, undefined as unknown as string)).rejects.toThrow(KeyError);
    },
  );
});

describe.each([
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'then',
  'toJSON',
  '{}',
  '}{',
  '{x}y',
  'a\r\nDEL b\r\n',
  'nul\0nul',
  '"quotes\'',
  '*?[a-z]^\\',
  '/',
  '#',
  ' ',
  '\uFEFF',
  'ключ',
  '🔑',
  'k'.repeat(1024),
  '€'.repeat(341),
])('the key %j', (key) => {
  it('is data like any other', async () => {
    await using handle = await openInMemory();

    await handle.set(key, 'value');
    await handle.set(`${key.slice(0, 100)}-`, 'neighbour');

    expect(await handle.get(key)).toBe('value');
    expect(await handle.get(key, { fresh: true })).toBe('value');
    expect(await handle.getMany([key])).toEqual(Object.fromEntries([[key, 'value']]));
    expect((await handle.snapshot({ prefix: key }))[key]).toBe('value');
    expect(await handle.delete(key)).toBe(true);
    expect(await handle.has(key)).toBe(false);
    expect(await handle.size()).toBe(1);
  });
});

describe.each([
  { what: 'a string for deleteMany', call: (handle: Handle) => handle.deleteMany('abc') },
  { what: 'a string for getMany', call: (handle: Handle) => handle.getMany('abc' as unknown as string[]) },
  { what: 'a string for setMany', call: (handle: Handle) => handle.setMany('abc' as unknown as object) },
  { what: 'an object for deleteMany', call: (handle: Handle) => handle.deleteMany({} as string[]) },
  { what: 'an object for getMany', call: (handle: Handle) => handle.getMany({} as string[]) },
  { what: 'an object for update', call: (handle: Handle) => handle.update({} as string[], () => ({})) },
  { what: 'null for setMany', call: (handle: Handle) => handle.setMany(null as unknown as object) },
  { what: 'nothing for deleteMany', call: (handle: Handle) => handle.deleteMany(undefined as unknown as string[]) },
])('$what', ({ call }) => {
  it('is refused with a KeyError', async () => {
    await using handle = await openInMemory();
    await handle.set('a', 1);

    await expect(call(handle)).rejects.toThrow(KeyError);

    expect(await handle.snapshot()).toEqual({ a: 1 });
  });
});

class Point {
  x = 1;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

function cycle(): unknown {
  const value: Record<string, unknown> = { deep: { list: [] } };
  (value['deep'] as { list: unknown[] }).list.push(value);
  return value;
}

const tagged = { [Symbol.toStringTag]: 'Date' };
class Spoof {
  get [Symbol.toStringTag](): string {
    return 'Date';
  }
}
class Bytes extends Uint8Array {}
class List extends Array<unknown> {}

const badValues: readonly { readonly what: string; readonly value: unknown; readonly says: RegExp }[] = [
  { what: 'undefined', value: undefined, says: /delete/ },
  { what: 'a function', value: () => {}, says: /function/ },
  { what: 'a symbol', value: Symbol('s'), says: /symbol/ },
  { what: 'a promise', value: Promise.resolve(1), says: /await/ },
  { what: 'a class instance', value: new Point(), says: /class instance/ },
  { what: 'a RegExp', value: /a/g, says: /RegExp/ },
  { what: 'an Error', value: new Error('no'), says: /an Error/ },
  { what: 'a Map', value: new Map(), says: /Object\.fromEntries/ },
  { what: 'a Set', value: new Set(), says: /\[\.\.\.set\]/ },
  { what: 'a WeakMap', value: new WeakMap(), says: /WeakMap/ },
  { what: 'a boxed number', value: Object(5), says: /Number/ },
  { what: 'an invalid Date', value: new Date(Number.NaN), says: /invalid Date/ },
  { what: 'a Date with properties', value: Object.assign(new Date(0), { zone: 'CET' }), says: /with properties/ },
  { what: 'an object that poses as a Date', value: new Spoof(), says: /Date/ },
  { what: 'an object with a symbol', value: tagged, says: /symbols/ },
  { what: 'an object with a hidden property', value: Object.defineProperty({}, 'x', { value: 1 }), says: /hidden/ },
  { what: 'a sparse array', value: [1, , 3], says: /sparse/ }, // oxlint-disable-line no-sparse-arrays -- this is what is tested
  { what: 'a sparse array with a name', value: Object.assign(new Array(1), { x: 1 }), says: /sparse/ },
  { what: 'an array with a name', value: Object.assign([1], { x: 1 }), says: /named properties/ },
  { what: 'an array with a symbol', value: Object.assign([1], { [Symbol('x')]: 1 }), says: /named properties/ },
  { what: 'an instance of a derived Array', value: List.of(1), says: /derived from Array/ },
  { what: 'a Buffer', value: Buffer.from('x'), says: /Buffer/ },
  { what: 'an instance of a derived Uint8Array', value: new Bytes(1), says: /derived from Uint8Array/ },
  { what: 'another typed array', value: new Float64Array(1), says: /Float64Array/ },
  { what: 'an ArrayBuffer', value: new ArrayBuffer(1), says: /ArrayBuffer/ },
  { what: 'a lone surrogate', value: 'a\ud800', says: /lone surrogate/ },
  { what: 'a lone surrogate in a name', value: { 'a\ud800': 1 }, says: /lone surrogate/ },
  { what: '-0', value: -0, says: /-0/ },
  { what: 'a bigint of 65 bits', value: 2n ** 64n, says: /64 bits/ },
  { what: 'a negative bigint of 65 bits', value: -(2n ** 63n) - 1n, says: /64 bits/ },
  { what: 'an own __proto__', value: JSON.parse('{"__proto__":1}'), says: /__proto__/ },
  { what: 'a function named then', value: { deep: { then: () => {} } }, says: /function/ },
  { what: 'a cycle', value: cycle(), says: /cycle/ },
  { what: '101 levels', value: nested(101), says: /100 levels/ },
  { what: 'a revoked proxy', value: revoked(), says: /encode/ },
  {
    what: 'a getter that throws',
    value: {
      get x(): never {
        throw new Error('no');
      },
    },
    says: /encode/,
  },
];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe.each(badValues)('$what as a value', ({ value, says }) => {
  it('is refused with a CodecError that says what to do, alone and inside, by every way of writing', async () => {
    await using handle = await openInMemory();
    const assign = (assigned: unknown) => (): void => {
      handle.dict['x'] = assigned;
    };

    expect(assign(value)).toThrow(CodecError);
    expect(assign(value)).toThrow(says);
    await expect(handle.set('x', value)).rejects.toThrow(CodecError);
    await expect(handle.setMany({ ok: 1, x: value })).rejects.toThrow(CodecError);
    if (value !== undefined) expect(assign({ list: [value] })).toThrow(CodecError);

    await handle.flush();
    expect(await handle.snapshot()).toEqual({});
  });
});

describe('an error about a value', () => {
  it('names the place and never shows the value', async () => {
    await using handle = await openInMemory();
    const secret = { users: [{ password: 'hunter2', card: () => 'hunter2' }] };

    const error = (await rejection(handle.set('x', secret))) as CodecError;

    expect(error.message).toContain('["users"][0]["card"]');
    expect(`${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`).not.toContain('hunter2');
    expect(error.key).toBeUndefined();
  });
});

describe('plain data of another realm', () => {
  it('is plain data', async () => {
    await using handle = await openInMemory();
    const foreign: unknown = runInContext('({ list: [1, { deep: true }], nothing: null })', createContext());

    await handle.set('x', foreign);

    expect(await handle.get('x')).toEqual({ list: [1, { deep: true }], nothing: null });
  });
});

describe('nesting', () => {
  it.each(['msgpack', 'json'] as const)('of 100 levels is kept (%s)', async (codec) => {
    await using handle = await openInMemory({ codec });

    await handle.set('x', nested(100));

    expect(await handle.get('x')).toEqual(nested(100));
  });

  it.each([
    { codec: 'msgpack', values: 'frozen' },
    { codec: 'msgpack', values: 'clone' },
    { codec: 'json', values: 'frozen' },
    { codec: 'json', values: 'clone' },
  ] as const)('of 101 levels in stored bytes is refused ($codec, $values)', async ({ codec, values }) => {
    const namespace = freshNamespace();
    const bytes =
      codec === 'json'
        ? Buffer.from('['.repeat(101) + ']'.repeat(101))
        : Buffer.concat([Buffer.alloc(100, 0x91), Buffer.from([0x90])]);
    await using writer = await openDict({ namespace, codec: rawCodec(codec) });
    await writer.set('x', bytes);
    await using handle = await openDict({ namespace, codec, values });

    await expect(handle.get('x')).rejects.toThrow(CodecError);
  });
});

describe('stored bytes that are no value', () => {
  const rows: readonly { readonly codec: 'msgpack' | 'json'; readonly what: string; readonly bytes: Uint8Array }[] = [
    { codec: 'msgpack', what: 'nothing', bytes: Buffer.alloc(0) },
    { codec: 'msgpack', what: 'a truncated string', bytes: Buffer.from([0xa5, 0x68]) },
    { codec: 'msgpack', what: 'a truncated map', bytes: Buffer.from([0x82, 0xa1, 0x61, 1]) },
    { codec: 'msgpack', what: 'text', bytes: Buffer.from('hello') },
    { codec: 'msgpack', what: 'an unknown extension', bytes: Buffer.from([0xd4, 0x55, 0]) },
    { codec: 'msgpack', what: 'undefined', bytes: Buffer.from([0xd4, 0, 0]) },
    { codec: 'msgpack', what: 'a value and more', bytes: Buffer.from([1, 2]) },
    { codec: 'msgpack', what: 'an array longer than the bytes', bytes: Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]) },
    {
      codec: 'msgpack',
      what: 'a reference',
      bytes: Buffer.from([0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1]),
    },
    { codec: 'json', what: 'nothing', bytes: Buffer.alloc(0) },
    { codec: 'json', what: 'truncated text', bytes: Buffer.from('{"password":"hunter2') },
    { codec: 'json', what: 'no UTF-8', bytes: Buffer.from([0x22, 0xff, 0x22]) },
    { codec: 'json', what: 'msgpack', bytes: Buffer.from([0x81, 0xa1, 0x61, 1]) },
  ];

  it.each(rows)('reject with a CodecError that carries the key ($codec: $what)', async ({ codec, bytes }) => {
    const namespace = freshNamespace();
    await using writer = await openDict({ namespace, codec: rawCodec(codec) });
    await writer.set('bad', bytes);
    await using handle = await openDict({ namespace, codec });
    await handle.set('good', 1);

    for (const read of [
      () => handle.get('bad'),
      () => handle.get('bad'),
      () => handle.get('bad', { fresh: true }),
      () => handle.dict['bad'] as Promise<unknown>,
      () => handle.getEntry('bad'),
      () => handle.getMany(['good', 'bad']),
      () => handle.snapshot(),
    ]) {
      const error = (await rejection(read())) as CodecError;
      expect(error).toBeInstanceOf(CodecError);
      expect(error.key).toBe('bad');
      expect(`${error.message}${String(error.cause)}`).not.toContain('hunter2');
    }
  });

  it.each(rows)(
    'are not cached, disturb no other key and can be overwritten ($codec: $what)',
    async ({ codec, bytes }) => {
      const namespace = freshNamespace();
      await using writer = await openDict({ namespace, codec: rawCodec(codec) });
      await writer.set('bad', bytes);
      await using handle = await openDict({ namespace, codec });

      const [bad, missing] = await Promise.allSettled([handle.get('bad'), handle.get('missing')]);
      await rejection(handle.get('bad'));
      const { entries, hits } = handle.stats();
      await handle.set('good', 1);

      expect([bad.status, missing.status]).toEqual(['rejected', 'fulfilled']);
      expect({ entries, hits }).toEqual({ entries: 1, hits: 0 });
      expect(handle.peek('bad')).toBeUndefined();
      expect(await handle.get('good')).toBe(1);
      await handle.set('bad', 'better');
      expect(await handle.get('bad')).toBe('better');
      await writer.set('bad', bytes);
      expect(await handle.delete('bad')).toBe(true);
      expect(await handle.get('bad')).toBeUndefined();
    },
  );

  it('that arrive with a message reject in the same way', async () => {
    const namespace = freshNamespace();
    await using writer = await openDict({ namespace, codec: rawCodec('msgpack') });
    await using handle = await openDict({ namespace });
    await handle.get('bad');

    await writer.set('bad', Buffer.from('hello'));

    expect(handle.peek('bad')).toBeUndefined();
    await expect(handle.get('bad')).rejects.toMatchObject({ key: 'bad' });
    await expect(handle.dict['bad']).rejects.toMatchObject({ key: 'bad' });
  });
});

describe('a codec of the user', () => {
  it.each<{ readonly what: string; readonly codec: Codec }>([
    {
      what: 'that throws',
      codec: {
        encode: () => {
          throw new Error('no');
        },
        decode: () => 1,
      },
    },
    { what: 'that encodes to a string', codec: { encode: () => 'text' as unknown as Uint8Array, decode: () => 1 } },
    {
      what: 'that encodes later',
      codec: { encode: (async () => Buffer.from('x')) as unknown as Codec['encode'], decode: () => 1 },
    },
  ])('$what is a CodecError at the assignment', async ({ codec }) => {
    await using handle = await openInMemory({ codec });

    expect(() => {
      handle.dict['x'] = 1;
    }).toThrow(CodecError);
  });

  it.each<{ readonly what: string; readonly decode: Codec['decode'] }>([
    {
      what: 'that throws',
      decode: () => {
        throw new Error('no');
      },
    },
    { what: 'that decodes to nothing', decode: () => undefined },
    { what: 'that decodes later', decode: async () => 1 },
  ])('$what while decoding rejects the reads, also of own pending writes', async ({ decode }) => {
    await using handle = await openInMemory({ codec: { encode: () => Buffer.from('x'), decode } });

    handle.dict['x'] = 1;
    const pending = handle.dict['x'] as Promise<unknown>;
    const peeked = handle.peek('x');

    await expect(pending).rejects.toThrow(CodecError);
    await expect(handle.get('x')).rejects.toMatchObject({ key: 'x' });
    await handle.flush();
    await expect(handle.get('x')).rejects.toThrow(CodecError);
    await expect(handle.dict['x']).rejects.toThrow(CodecError);
    expect(peeked).toBeUndefined();
    expect(String(handle.dict as unknown)).toBe(`[NearDict ${handle.namespace}]`);
  });

  it('gets plain bytes, whatever the store returns', async () => {
    const met: boolean[] = [];
    await using handle = await openInMemory({
      values: 'clone',
      codec: {
        encode: (value) => Buffer.from(JSON.stringify(value)),
        decode(bytes) {
          met.push(bytes.constructor === Uint8Array);
          return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
        },
      },
    });

    handle.dict['x'] = { a: 1 };
    await handle.dict['x'];
    await handle.flush();
    await handle.get('x');
    await handle.get('x');
    await handle.get('x', { fresh: true });

    expect(met).toEqual([true, true, true, true]);
  });
});

describe('a value that is too large', () => {
  it('is refused before anything is sent', async () => {
    await using handle = await openInMemory({ maxValueBytes: 100 });

    await handle.set('fits', 'x'.repeat(98));

    expect(() => {
      handle.dict['x'] = 'x'.repeat(99);
    }).toThrow(ValueTooLargeError);
    await expect(handle.set('x', 'x'.repeat(99))).rejects.toMatchObject({ bytes: 101, maxValueBytes: 100 });
    await expect(handle.setMany({ a: 1, x: 'x'.repeat(99) })).rejects.toThrow(ValueTooLargeError);
    expect(await handle.snapshot()).toEqual({ fits: 'x'.repeat(98) });
  });

  it('is one of more than 1 MiB by default', async () => {
    await using handle = await openInMemory();

    await expect(handle.set('x', new Uint8Array(1024 * 1024))).rejects.toThrow(ValueTooLargeError);
    await handle.set('x', new Uint8Array(1024 * 1024 - 5));
    expect(((await handle.get('x')) as Uint8Array).length).toBe(1024 * 1024 - 5);
  });
});

describe('the namespace', () => {
  it.each([
    '',
    'x'.repeat(65),
    'a b',
    'a{b}',
    'a*',
    'a?',
    'a[b]',
    'a\\b',
    'a^b',
    'a/b',
    'a#b',
    'a\n',
    'a\0',
    'ä',
    undefined,
    null,
    5,
    ['users'],
  ])('%j is refused with a ConfigError', async (namespace) => {
    await expect(openDict({ namespace: namespace as string })).rejects.toThrow(ConfigError);
  });

  it.each(['a', 'x'.repeat(64), 'Users:2024_v1.0-beta', '-', '.', '__proto__', 'constructor'])(
    '%j is accepted',
    async (namespace) => {
      await using handle = await openDict({ namespace });

      await handle.set('x', 1);

      expect(handle.namespace).toBe(namespace);
      expect(await handle.get('x')).toBe(1);
    },
  );
});

describe('an option', () => {
  const never = [
    null,
    Number.NaN,
    -1,
    Number.POSITIVE_INFINITY,
    '',
    'soon',
    '5',
    '5 m',
    '1e3ms',
    '-5m',
    '30d',
    true,
    {},
    5n,
  ];
  const rows: readonly { readonly option: keyof OpenOptions; readonly values: readonly unknown[] }[] = [
    { option: 'maxStaleness', values: [...never, 0, 99, '99ms'] },
    { option: 'verifyInterval', values: [...never, 0, 9, 2501, '3s'] },
    { option: 'staleIfError', values: [...never, 0, 5000, '5s', false] },
    { option: 'timeout', values: [...never, 0, 9] },
    { option: 'connectTimeout', values: [...never, 0, 9] },
    {
      option: 'cache',
      values: [
        null,
        true,
        'none',
        0,
        100,
        [],
        { maxItems: 0 },
        { maxItems: 1.5 },
        { maxItems: -1 },
        { maxItems: '10' },
        { maxItems: null },
        { maxItems: Number.NaN },
        { maxItems: Number.POSITIVE_INFINITY },
        { maxItems: 2 ** 24 + 1 },
        { maxAge: 99 },
        { maxAge: null },
        { maxage: 1000 },
      ].filter((value) => !Array.isArray(value)),
    },
    { option: 'codec', values: [null, 'xml', true, {}, { encode() {} }, { encode() {}, decode: 1 }, () => {}] },
    {
      option: 'codec',
      values: ['', 'a b', 'x'.repeat(33)].map((name) => ({ name, encode() {}, decode() {} })),
    },
    { option: 'values', values: [null, 'shared', '', true] },
    { option: 'inlineBytes', values: [null, -1, 1.5, 16_385, '256', Number.NaN] },
    { option: 'tracking', values: [null, 0, 1, 'true', {}] },
    { option: 'maxValueBytes', values: [null, 0, -1, 1.5, 512 * 1024 * 1024 + 1, '1', Number.NaN] },
    { option: 'store', values: [null, 'memory', {}, redisStore, memoryStore] },
  ];

  it.each(rows.flatMap(({ option, values }) => values.map((value) => ({ option, value }))))(
    '$option: $value is refused with a ConfigError that names it',
    async ({ option, value }) => {
      const error = (await rejection(openDict({ namespace: freshNamespace(), [option]: value }))) as Error;

      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toContain(option);
    },
  );

  it.each<{ readonly option: string; readonly options: Partial<OpenOptions> }>([
    { option: 'undefined everywhere', options: undefinedOptions() },
    { option: "maxStaleness: '0.5s'", options: { maxStaleness: '0.5s' } },
    { option: 'maxStaleness: 100', options: { maxStaleness: 100 } },
    { option: 'verifyInterval at half of maxStaleness', options: { maxStaleness: '2s', verifyInterval: 1000 } },
    { option: 'staleIfError above maxStaleness', options: { maxStaleness: '2s', staleIfError: 2001 } },
    { option: "timeout: '1h'", options: { timeout: '1h', connectTimeout: '1d' } },
    { option: 'cache: {}', options: { cache: {} } },
    { option: "cache: { maxItems: 1, maxAge: '1h' }", options: { cache: { maxItems: 1, maxAge: '1h' } } },
    { option: 'cache: { maxItems: undefined }', options: { cache: { maxItems: undefined, maxAge: undefined } } },
    { option: 'cache: false', options: { cache: false } },
    { option: "cache: 'all'", options: { cache: 'all' } },
    { option: 'inlineBytes: 0', options: { inlineBytes: 0 } },
    { option: 'tracking: true', options: { tracking: true } },
    { option: "codec: 'json'", options: { codec: 'json' } },
  ])('$option is accepted', async ({ options }) => {
    await using handle = await openInMemory(options);

    await handle.set('x', [1]);

    expect(await handle.get('x')).toEqual([1]);
  });

  it.each<Partial<OpenOptions>>([{ staleIfError: '1h' }, { tracking: true }])(
    '%j without a cache is refused',
    async (options) => {
      await expect(openInMemory({ ...options, cache: false })).rejects.toThrow(ConfigError);
    },
  );

  it.each(['cachee', 'maxItems', 'url', 'partition'])('that does not exist is refused: %s', async (name) => {
    const opened = openDict({ namespace: 'x', [name]: 1 });

    await expect(opened).rejects.toThrow(ConfigError);
    await expect(opened).rejects.toThrow(name);
  });

  it.each([undefined, null, 'users', 5])('object is needed: %j is refused', async (options) => {
    await expect(openDict(options as unknown as OpenOptions)).rejects.toThrow(ConfigError);
  });
});

function undefinedOptions(): Partial<OpenOptions> {
  return {
    store: undefined,
    cache: undefined,
    maxStaleness: undefined,
    verifyInterval: undefined,
    staleIfError: undefined,
    timeout: undefined,
    connectTimeout: undefined,
    codec: undefined,
    values: undefined,
    inlineBytes: undefined,
    tracking: undefined,
    maxValueBytes: undefined,
  };
}

describe('redisStore', () => {
  it.each([
    'redis://:hunter2@',
    'redis://user:hunter2@host:port',
    'http://user:hunter2@localhost',
    'hunter2',
    'unix:///hunter2',
    '',
    undefined,
    null,
    5,
  ])('refuses the URL %j without showing it', (url) => {
    let error: Error | undefined;
    try {
      redisStore({ url: url as string });
    } catch (caught) {
      error = caught as Error;
    }

    expect(error).toBeInstanceOf(ConfigError);
    expect(everythingOf(error)).not.toContain('hunter2');
  });

  it.each([{ source: undefined }, { source: null }, { source: 'redis://localhost' }, { source: {} }])(
    'refuses $source as a client',
    ({ source }) => {
      expect(() => redisStore(source as never)).toThrow(ConfigError);
    },
  );
});

/** Whatever a logger could print of an error. */
function everythingOf(error: unknown): string {
  const parts: unknown[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    parts.push(at.message, at.stack, JSON.stringify(at), JSON.stringify(Object.getOwnPropertyDescriptors(at)));
  }
  return parts.join('\n');
}

describe('a namespace that is open with another codec', () => {
  it('is refused with a ConfigMismatchError', async () => {
    const namespace = freshNamespace();
    await using handle = await openDict({ namespace });
    await handle.set('x', 1);

    await expect(openDict({ namespace, codec: 'json' })).rejects.toThrow(ConfigMismatchError);

    expect(await handle.get('x', { fresh: true })).toBe(1);
  });
});

describe('closing', () => {
  it('twice is one promise, and use afterwards a ClosedError', async () => {
    const handle = await openInMemory();

    const closed = handle.close();

    expect(handle.close()).toBe(closed);
    await closed;
    await expect(handle.get('x')).rejects.toThrow(ClosedError);
  });
});

/** How many turns of the event loop an operation leaves to others. */
async function turnsDuring(operation: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await operation();
  isOver = true;
  return turns;
}

describe('many keys in one call', () => {
  it('leave the event loop to others again and again: set, walked over, deleted and cleared', async () => {
    await using handle = await openInMemory({ timeout: '1m' });
    const keys = Array.from({ length: 100_000 }, (_, index) => `key-${index}`);

    const turns = {
      setMany: await turnsDuring(() => handle.setMany(keys.map((key) => [key, 1] as const))),
      snapshot: await turnsDuring(() => handle.snapshot()),
      deleteMany: await turnsDuring(() => handle.deleteMany(keys.slice(0, 50_000))),
      clear: await turnsDuring(() => handle.clear()),
    };

    for (const count of Object.values(turns)) expect(count).toBeGreaterThanOrEqual(5);
    expect(await handle.size()).toBe(0);
  });
});
