import { type } from 'arktype';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, KeyError, openDict, SchemaError, type StandardSchema } from 'neardict';
import * as v from 'valibot';
import { z } from 'zod';
import { freshNamespace, openInMemory } from '../support/openInMemory.ts';

const libraries: readonly { readonly library: string; readonly schema: Record<string, StandardSchema> }[] = [
  {
    library: 'zod',
    schema: {
      port: z.number().int().min(1),
      host: z.string().trim(),
      db: z.object({ hosts: z.array(z.object({ name: z.string() })) }),
    },
  },
  {
    library: 'valibot',
    schema: {
      port: v.pipe(v.number(), v.integer(), v.minValue(1)),
      host: v.pipe(v.string(), v.trim()),
      db: v.object({ hosts: v.array(v.object({ name: v.string() })) }),
    },
  },
  {
    library: 'arktype',
    schema: {
      port: type('number.integer > 0'),
      host: type('string.trim'),
      db: type({ hosts: type({ name: 'string' }).array() }),
    },
  },
];

async function refusal(operation: unknown): Promise<SchemaError> {
  try {
    await (typeof operation === 'function' ? (operation as () => unknown)() : operation);
  } catch (error) {
    if (error instanceof SchemaError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe.each(libraries)('a schema for each key, by $library', ({ schema }) => {
  it('checks every write, and stores what the schema makes of it', async () => {
    await using handle = await openDict({
      namespace: freshNamespace(),
      schema,
    });
    const { dict } = handle;

    dict['host'] = '  example.org ';
    await handle.set('port', 80);
    await handle.setMany({ db: { hosts: [{ name: 'a' }] } });

    expect(await handle.snapshot()).toEqual({ host: 'example.org', port: 80, db: { hosts: [{ name: 'a' }] } });
  });

  it('throws at the assignment, with the way to what is wrong, and without the value', async () => {
    await using handle = await openDict({
      namespace: freshNamespace(),
      schema,
    });
    const { dict } = handle;

    const error = await refusal(() => (dict['db'] = { hosts: [{ name: 'a' }, { name: 4711 }] }));

    expect(error.key).toBe('db');
    expect(error.issues.map(({ path }) => path.map(String))).toEqual([['hosts', '1', 'name']]);
    expect(error.message).toContain('["hosts"]["1"]["name"]');
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('4711');
    expect(await handle.get('db')).toBeUndefined();
    await handle.flush();
  });

  it('rejects set and setMany, and writes nothing of it', async () => {
    await using handle = await openDict({
      namespace: freshNamespace(),
      schema,
    });

    expect((await refusal(handle.set('port', 0))).key).toBe('port');
    expect((await refusal(handle.setMany({ host: 'x', port: 1.5 }))).key).toBe('port');

    expect(await handle.size()).toBe(0);
  });
});

describe('schemas', () => {
  it('let no key be written that has none', async () => {
    await using handle = await openDict({ namespace: freshNamespace(), schema: { port: z.number() } });
    const loose = handle.dict as Record<string, unknown>;

    expect((await refusal(() => (loose['prot'] = 1))).message).toMatch(/no schema.*'prot'/);
    delete loose['prot'];
    await handle.flush();
  });

  it('do not turn a forgotten value, or one that was not awaited, into a default', async () => {
    await using handle = await openDict({ namespace: freshNamespace(), schema: { port: z.number().default(80) } });
    const loose = handle.dict as Record<string, unknown>;

    expect(() => (loose['port'] = undefined)).toThrow(/delete/);
    expect(() => (loose['port'] = Promise.resolve(1))).toThrow(/await/);
    expect(() => (loose[''] = 1)).toThrow(KeyError);
  });

  it('can be one for each value', async () => {
    await using handle = await openInMemory<Record<string, number>>({ each: z.number() });

    handle.dict['anything'] = 1;
    expect((await refusal(() => ((handle.dict as Record<string, unknown>)['other'] = 'x'))).key).toBe('other');
    expect(await handle.snapshot()).toEqual({ anything: 1 });
  });

  it('may be asynchronous for set and setMany, in the order of the calls; an assignment names set()', async () => {
    const waits = [30, 1];
    const slow = z.string().refine(async (text) => {
      await new Promise((resolve) => setTimeout(resolve, waits.shift()));
      return text !== 'bad';
    });
    await using handle = await openDict({ namespace: freshNamespace(), schema: { a: slow } });

    const writes = [handle.set('a', 'first'), handle.set('a', 'second')];
    await Promise.all(writes);
    expect(await handle.get('a')).toBe('second');
    expect((await refusal(handle.set('a', 'bad'))).key).toBe('a');
    await handle.setMany({ a: 'third' });
    expect(await handle.get('a')).toBe('third');
    expect((await refusal(() => (handle.dict.a = 'fourth'))).message).toMatch(/asynchronous.*set\(key, value\)/);
    expect(await handle.get('a')).toBe('third');
  });

  it('are checked before anything is opened', async () => {
    const open = (options: object): Promise<unknown> => openInMemory(options);

    await expect(open({ schema: z.object({}) })).rejects.toThrow(/one schema for each key.*shape/);
    await expect(open({ schema: { port: 1 } })).rejects.toThrow(/schema\.port/);
    await expect(open({ schema: null })).rejects.toThrow(ConfigError);
    await expect(open({ schema: 'x' })).rejects.toThrow(ConfigError);
    await expect(open({ each: {} })).rejects.toThrow(ConfigError);
    await expect(open({ each: z.number(), schema: {} })).rejects.toThrow(/exclude/);
  });
});
