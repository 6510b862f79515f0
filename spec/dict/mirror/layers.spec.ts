import { type } from 'arktype';
import { describe, expect, it } from '@jest/globals';
import {
  ConfigError,
  FlushError,
  KeyError,
  type Mirror,
  type NearDict,
  openDict,
  openMirror,
  SchemaError,
  type StandardSchema,
  UnavailableError,
} from 'neardict';
import * as v from 'valibot';
import { z } from 'zod';
import { freshNamespace, openInMemory, turn } from '../../support/openInMemory.ts';
import { wrapStore } from '../../support/wrapStore.ts';

type Loose = Record<string, any>;

const loose = (mirror: { readonly config: unknown }): Loose => mirror.config as Loose;

async function refusal(operation: () => unknown): Promise<SchemaError> {
  try {
    await operation();
  } catch (error) {
    if (error instanceof SchemaError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

/** What another process wrote, which has other ideas of what is right. */
async function elsewhere(namespace: string, entries: Loose = {}): Promise<NearDict> {
  const there = await openDict({ namespace });
  await there.setMany(entries);
  return there;
}

describe('defaults and overrides', () => {
  it('lie under and over what is stored', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { port: 1, host: 'stored', nothing: null });
    await using here = await openDict({ namespace });
    const mirror = await here.mirror({
      defaults: { host: 'default', mode: 'default', nothing: 1 },
      overrides: { port: 2, extra: 3 },
    });

    expect(mirror.config).toEqual({ port: 2, host: 'stored', mode: 'default', nothing: null, extra: 3 });
    await there.setMany({ port: 9, mode: 'stored' });
    await there.delete('host');
    await turn();
    expect(mirror.config).toEqual({ port: 2, host: 'default', mode: 'stored', nothing: null, extra: 3 });
  });

  it('let what is stored be seen again when an own write has failed', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { a: { n: 1 }, b: { n: 2 } });
    const store = wrapStore(() => ({ write: () => Promise.reject(new UnavailableError('The store is away.')) }));
    await using here = await openDict<Loose>({ namespace, store });
    here.on('error', () => {});
    const { config } = await here.mirror({ defaults: { c: 3 } });

    Object.assign(config, { a: { n: 10 }, b: { n: 20 }, c: 30, d: 40 });
    expect(config).toEqual({ a: { n: 10 }, b: { n: 20 }, c: 30, d: 40 });
    await there.set('b', { n: 21 });
    await expect(here.flush()).rejects.toThrow(FlushError);

    expect(config).toEqual({ a: { n: 1 }, b: { n: 21 }, c: 3 });
  });

  it('have nothing to say of a key that is undefined there', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { port: 1 });
    await using here = await openDict({ namespace });

    const { config } = await here.mirror({
      defaults: { mode: undefined },
      overrides: { port: undefined, debug: true },
    });

    expect(config).toEqual({ port: 1, debug: true });
    expect(Object.keys(config).toSorted()).toEqual(['debug', 'port']);
    await there.flush();
  });

  it('are values of this process alone, which nobody can change', async () => {
    await using handle = await openInMemory();
    const defaults = { list: [1] };
    const { config } = await handle.mirror({ defaults });

    defaults.list.push(2);
    expect(config).toEqual({ list: [1] });
    expect(Object.isFrozen(config['list'])).toBe(true);
    expect(await handle.size()).toBe(0);
  });

  it('let a deleted key fall back to its default, and refuse to write what is overridden', async () => {
    await using handle = await openInMemory();
    const { config } = await handle.mirror({ defaults: { a: 1 }, overrides: { b: 2 } });

    config['a'] = 5;
    expect(config['a']).toBe(5);
    delete config['a'];
    expect(config['a']).toBe(1);
    expect(() => (config['b'] = 3)).toThrow(KeyError);
    expect(() => delete config['b']).toThrow(/overrides/);
    expect(config).toEqual({ a: 1, b: 2 });
  });

  it('must be values that could be stored', async () => {
    await using handle = await openInMemory({ schema: { port: z.number() } });
    const mirror = (options: object): Promise<unknown> => handle.mirror(options);

    await expect(mirror({ defaults: 1 })).rejects.toThrow(ConfigError);
    await expect(mirror({ overrides: null })).rejects.toThrow(ConfigError);
    await expect(mirror({ defaults: { '': 1 } })).rejects.toThrow(KeyError);
    await expect(mirror({ defaults: { port: 'x' } })).rejects.toThrow(SchemaError);
    await expect(mirror({ schema: { port: z.number() } })).rejects.toThrow(/whole object/);
  });
});

describe('a mirror of a dictionary with a schema for each key', () => {
  const schema = {
    port: z.number(),
    host: z.string().default('localhost'),
    note: z.string().optional(),
  };

  it('shows defaults of the schema, and has a value for every required key', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace);
    await using here = await openDict({ namespace, schema });

    const error = await refusal(() => here.mirror());
    expect(error.issues.map(({ path }) => path)).toEqual([['port']]);
    await there.set('port', 80);
    expect((await here.mirror()).config).toEqual({ port: 80, host: 'localhost' });
    expect((await here.mirror({ defaults: { host: 'x' } })).config).toEqual({ port: 80, host: 'x' });
  });

  it('names all required keys that have no value', async () => {
    await using here = await openInMemory({ schema: { ...schema, user: z.string() } });

    const error = await refusal(() => here.mirror());

    expect(error.issues.map(({ path }) => path)).toEqual([['port'], ['user']]);
    expect([error.key, error.message]).toEqual([undefined, expect.stringContaining("'port', 'user'")]);
  });

  it('shows what the schema makes of a stored value, which nobody can change', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { db: {} });
    const db = z.object({ host: z.string().default('localhost'), ports: z.array(z.number()).default([1]) });
    await using here = await openDict({ namespace, schema: { db } });

    const { config } = await here.mirror();

    expect(config.db).toEqual({ host: 'localhost', ports: [1] });
    expect([Object.isFrozen(config.db), Object.isFrozen(config.db.ports)]).toEqual([true, true]);
    expect(await there.get('db')).toEqual({});
  });

  it('does not show what comes from elsewhere and does not fit: the last good value stays', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { port: 80, host: 7 });
    await using here = await openDict({ namespace, schema });
    const mirror = await here.mirror();
    const invalid: string[] = [];
    mirror.on('invalid', (key) => invalid.push(key));

    expect(mirror.config).toEqual({ port: 80, host: 'localhost' });
    expect([...mirror.invalid.keys()]).toEqual(['host']);
    await there.setMany({ port: 'bad', host: 'h', other: 'unknown to us' });
    await turn();
    expect(mirror.config).toEqual({ port: 80, host: 'h', other: 'unknown to us' });
    await there.delete('port');
    await turn();
    expect(mirror.config.port).toBe(80);
    await there.set('port', 81);
    await turn();

    expect(mirror.config.port).toBe(81);
    expect(invalid).toEqual(['port', 'port']);
    expect(mirror.invalid.size).toBe(0);
  });

  it('refuses at the statement what does not fit, and to delete what is required', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { port: 80 });
    await using here = await openDict({ namespace, schema });
    const mirror = await here.mirror();

    expect((await refusal(() => (loose(mirror)['port'] = 'x'))).key).toBe('port');
    expect((await refusal(() => delete loose(mirror)['port'])).key).toBe('port');
    expect(mirror.config).toEqual({ port: 80, host: 'localhost' });
    await here.flush();
    expect(await there.get('port', { fresh: true })).toBe(80);
  });

  it('leaves the objects alone that a schema has for defaults', async () => {
    const ports = { http: 80 };
    const byKey = { ports: v.optional(v.object({ http: v.number() }), ports) };
    await using handle = await openInMemory({ schema: byKey });
    const mirror = await handle.mirror();
    await using whole = await openMirror({ namespace: freshNamespace(), schema: v.object(byKey) });

    expect(mirror.config['ports']).toEqual(ports);
    expect(Object.isFrozen(mirror.config['ports'])).toBe(true);
    expect(Object.isFrozen(whole.config.ports)).toBe(true);
    expect(Object.isFrozen(ports)).toBe(false);
  });

  it('needs schemas that answer at once', async () => {
    const slow = z.any().refine(async () => true);
    await using bare = await openInMemory({ schema: { any: slow } });
    expect((await refusal(() => bare.mirror())).message).toMatch(/asynchronous/);

    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { port: 80 });
    await using here = await openDict({ namespace, schema: { port: z.number().refine(async () => true) } });
    expect((await refusal(() => here.mirror())).message).toMatch(/asynchronous/);
    await there.flush();
  });
});

const wholes: readonly { readonly library: string; readonly schema: StandardSchema }[] = [
  {
    library: 'zod',
    schema: z
      .object({ min: z.number(), max: z.number(), host: z.string().default('localhost') })
      .refine(({ min, max }) => min <= max, { path: ['max'] }),
  },
  {
    library: 'valibot',
    schema: v.pipe(
      v.object({ min: v.number(), max: v.number(), host: v.optional(v.string(), 'localhost') }),
      v.forward(
        v.check(({ min, max }) => min <= max),
        ['max'],
      ),
    ),
  },
  {
    library: 'arktype',
    schema: type({ min: 'number', max: 'number', host: "string = 'localhost'" }).narrow(
      ({ min, max }, context) => min <= max || context.reject({ path: ['max'] }),
    ),
  },
];

describe.each(wholes)('a schema of the whole object, by $library', ({ schema }) => {
  async function open(entries: Loose): Promise<{ there: NearDict; mirror: Mirror }> {
    const namespace = freshNamespace();
    const there = await elsewhere(namespace, entries);
    return {
      there,
      mirror: (await openMirror({ namespace, schema: schema as StandardSchema<unknown, object> })) as Mirror,
    };
  }

  it('decides what is shown, with its defaults', async () => {
    const { mirror, there } = await open({ min: 1, max: 2 });

    expect(mirror.config).toMatchObject({ min: 1, max: 2, host: 'localhost' });
    await there.setMany({ min: 3, max: 4, host: 'h' });
    await turn();
    expect(mirror.current).toMatchObject({ min: 3, max: 4, host: 'h' });
    await mirror.close();
    await there.close();
  });

  it('rejects what does not fit at the start', async () => {
    expect((await refusal(() => open({ min: 1 }))).issues.map(({ path }) => [...path])).toEqual([['max']]);
    expect((await refusal(() => open({ min: 2, max: 1 }))).key).toBeUndefined();
  });

  it('lets no assignment through that would not fit', async () => {
    const { mirror, there } = await open({ min: 1, max: 2 });
    const config = loose(mirror);

    expect((await refusal(() => (config['min'] = 3))).issues).toHaveLength(1);
    expect((await refusal(() => (config['min'] = 'x'))).message).not.toContain("'x'");
    await refusal(() => delete config['min']);
    config['min'] = 2;
    expect(config['min']).toBe(2);
    delete config['host'];
    await mirror.close();
    expect(await there.get('min', { fresh: true })).toBe(2);
    await there.close();
  });

  it('keeps the last good value where a new one from elsewhere does not fit, and shows the others', async () => {
    const { mirror, there } = await open({ min: 1, max: 2 });
    const invalid: string[] = [];
    mirror.on('invalid', (key) => invalid.push(key));

    await there.setMany({ max: 0, host: 'new' });
    await turn();
    expect(mirror.config).toMatchObject({ min: 1, max: 2, host: 'new' });
    expect(invalid).toEqual(['max']);
    expect([...mirror.invalid.keys()]).toEqual(['max']);
    await there.set('host', 'newer');
    await turn();
    expect(invalid).toEqual(['max']);
    await there.set('max', 9);
    await turn();

    expect(mirror.config).toMatchObject({ min: 1, max: 9, host: 'newer' });
    expect(mirror.invalid.size).toBe(0);
    await mirror.close();
    await there.close();
  });
});

describe('a schema of the whole object', () => {
  it('keeps everything as it was where it can not say which key is wrong', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { a: 1, b: 1 });
    const schema = z.object({ a: z.number(), b: z.number() }).refine(({ a, b }) => a === b);
    await using mirror = await openMirror({ namespace, schema });

    await there.set('a', 2);
    await turn();
    expect(mirror.config).toEqual({ a: 1, b: 1 });
    expect([...mirror.invalid.keys()]).toEqual(['']);
    await there.set('b', 2);
    await turn();
    expect(mirror.config).toEqual({ a: 2, b: 2 });
  });

  it('stores what it makes of a value', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { port: 1 });
    await using mirror = await openMirror({ namespace, schema: z.object({ port: z.coerce.number() }) });

    loose(mirror)['port'] = '80';
    expect(mirror.config.port).toBe(80);
    await mirror.handle.flush();
    expect(await there.get('port', { fresh: true })).toBe(80);
    expect(() => (loose(mirror)['port'] = undefined)).toThrow(/delete/);
    expect((await refusal(() => (loose(mirror)['prot'] = 1))).message).toMatch(/no key 'prot'/);
  });

  it('lets a key be deleted that falls back to a default', async () => {
    await using handle = await openInMemory<{ port: number; host: string }>();
    await handle.setMany({ port: 1, host: 'h' });
    const schema = z.object({ port: z.number(), host: z.string() });
    const mirror = await handle.mirror({ schema, defaults: { port: 80 } });

    delete loose(mirror)['port'];
    expect(mirror.config).toEqual({ port: 80, host: 'h' });
    await refusal(() => delete loose(mirror)['host']);
  });

  it('does not take what is stored under __proto__ for the values of other keys', async () => {
    await using handle = await openInMemory();
    await handle.set('__proto__', { port: 1 });

    expect((await refusal(() => handle.mirror({ schema: z.object({ port: z.number() }) }))).issues).toHaveLength(1);
  });

  it('takes away what it leaves out since another value has changed', async () => {
    const namespace = freshNamespace();
    await using there = await elsewhere(namespace, { tls: true, certificate: 'c' });
    const schema = z.object({ tls: z.boolean(), certificate: z.string().optional() });
    const whole = schema.transform(({ tls, certificate }) => (tls ? { tls, certificate } : { tls }));
    await using mirror = await openMirror({ namespace, schema: whole });
    expect(mirror.config).toEqual({ tls: true, certificate: 'c' });

    await there.set('tls', false);
    await turn();

    expect(mirror.config).toEqual({ tls: false });
    expect(mirror.invalid.size).toBe(0);
  });

  it('that throws ends what asked for the mirror, with its own error', async () => {
    const validate = (): never => {
      throw new RangeError('A bug of the schema.');
    };
    const schema: StandardSchema<unknown, object> = { '~standard': { version: 1, vendor: 'own', validate } };

    await expect(openMirror({ namespace: freshNamespace(), schema })).rejects.toThrow(RangeError);
  });

  it('must answer at once', async () => {
    const schema = z.object({}).refine(async () => true);

    expect((await refusal(() => openMirror({ namespace: freshNamespace(), schema }))).message).toMatch(/asynchronous/);
  });
});
