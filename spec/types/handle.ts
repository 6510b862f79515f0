import { expectTypeOf } from 'expect-type';
import {
  type Dict,
  type DictChange,
  type DictEntry,
  type DictState,
  type DictStats,
  handleOf,
  type NearDict,
  openDict,
  type WatchedValue,
} from 'neardict';
import { settings, type Settings, table } from './settings.ts';

const signal: AbortSignal = AbortSignal.timeout(1);

export async function open(): Promise<void> {
  expectTypeOf(await openDict({ namespace: 'n' })).toEqualTypeOf<NearDict<Record<string, unknown>>>();
  expectTypeOf(await openDict<Settings>({ namespace: 'n' })).toEqualTypeOf<NearDict<Settings>>();
  const annotated: NearDict<Settings> = await openDict({ namespace: 'n' });
  expectTypeOf(annotated.dict).toEqualTypeOf<Dict<Settings>>();
  await openDict({ namespace: 'n', store: undefined, cache: { maxAge: '10m', maxItems: undefined }, timeout: '1s' });
  await openDict({ namespace: 'n', cache: 'all' });
  // @ts-expect-error -- a dictionary has a namespace
  await openDict({});
  // @ts-expect-error -- there is no such option
  await openDict({ namespace: 'n', maxStalenes: 1 });
  // @ts-expect-error -- there is no such unit
  await openDict({ namespace: 'n', timeout: '1 week' });
  // @ts-expect-error -- a number is no dictionary
  await openDict<number>({ namespace: 'n' });
  await using disposed = await openDict<Settings>({ namespace: 'n' });
  expectTypeOf(handleOf(disposed.dict)).toEqualTypeOf<NearDict<Settings> | undefined>();
}

export async function openUntyped(): Promise<void> {
  const { dict, reads } = await openDict({ namespace: 'n' });
  dict['anything'] = { at: 'all' };
  delete dict['anything'];
  expectTypeOf(await dict['anything']).toBeUnknown();
  expectTypeOf(await reads['anything']).toBeUnknown();
}

export async function read(): Promise<void> {
  expectTypeOf(settings.get('port')).toEqualTypeOf<Promise<number | undefined>>();
  expectTypeOf(settings.get('port', { fresh: true, signal })).toEqualTypeOf<Promise<number | undefined>>();
  expectTypeOf(settings.peek('note')).toEqualTypeOf<string | null | undefined>();
  expectTypeOf(settings.has('port')).toEqualTypeOf<Promise<boolean>>();
  expectTypeOf(await settings.getEntry('port')).toEqualTypeOf<DictEntry<number> | undefined>();
  expectTypeOf(await table.getEntry('ada')).toEqualTypeOf<DictEntry<number> | undefined>();
  const { port, host, proxy } = await settings.getMany(['port', 'host', 'proxy']);
  expectTypeOf(port).toEqualTypeOf<number | undefined>();
  expectTypeOf(host).toEqualTypeOf<string | undefined>();
  expectTypeOf(proxy).toEqualTypeOf<{ url: string } | undefined>();
  // @ts-expect-error -- it was not asked for
  const { flag } = await settings.getMany(['port']);
  void flag;
  // @ts-expect-error -- there is no such setting
  await settings.get('hots');
  // @ts-expect-error -- there is no such setting
  await settings.getMany(['port', 'hots']);
  // @ts-expect-error -- there is no such option
  await settings.get('port', { fersh: true });
}

export async function write(): Promise<void> {
  expectTypeOf(settings.set('port', 80)).toEqualTypeOf<Promise<string>>();
  expectTypeOf(settings.set('proxy', { url: '' }, { signal })).toEqualTypeOf<Promise<string>>();
  await settings.setMany({ port: 80, host: 'localhost' });
  await settings.setMany([['port', 80]]);
  await settings.setMany(new Map([['host', 'localhost']]));
  await table.setMany({ ada: 1 });
  await table.setMany(new Map<string, number>());
  expectTypeOf(settings.delete('port')).toEqualTypeOf<Promise<boolean>>();
  expectTypeOf(settings.deleteMany(['port', 'host'])).toEqualTypeOf<Promise<number>>();
  expectTypeOf(settings.deleteMany(new Set(['port'] as const))).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error -- a string is no port
  await settings.set('port', '80');
  // @ts-expect-error -- a string is no port
  await settings.setMany({ port: '80' });
  // @ts-expect-error -- there is no such setting
  await settings.setMany({ hots: 'localhost' });
  // @ts-expect-error -- undefined is no value
  await settings.setMany({ port: undefined });
  // @ts-expect-error -- there is no such setting
  await settings.delete('hots');
}

export async function walk(): Promise<void> {
  for await (const key of settings.keys({ prefix: 'p' })) expectTypeOf(key).toEqualTypeOf<keyof Settings>();
  for await (const [key, value] of table) {
    expectTypeOf(key).toBeString();
    expectTypeOf(value).toBeNumber();
  }
  for await (const value of table.values()) expectTypeOf(value).toBeNumber();
  for await (const [key] of settings.entries({ signal })) expectTypeOf(key).toEqualTypeOf<keyof Settings>();
  expectTypeOf(await settings.snapshot()).toEqualTypeOf<Partial<Settings>>();
  expectTypeOf(await settings.size()).toBeNumber();
}

export async function follow(): Promise<void> {
  for await (const change of settings.watch('port', { initial: true, signal })) {
    expectTypeOf(change).toEqualTypeOf<WatchedValue<number>>();
    if (change.type === 'set') expectTypeOf(change.value).toBeNumber();
    else expectTypeOf(change.value).toBeUndefined();
  }
  for await (const { value } of settings.watch('proxy'))
    expectTypeOf(value).toEqualTypeOf<{ url: string } | undefined>();
  for await (const change of settings.watch({ signal })) {
    expectTypeOf(change).toEqualTypeOf<DictChange<keyof Settings>>();
    if (change.type === 'set') expectTypeOf(change.key).toEqualTypeOf<keyof Settings>();
    // @ts-expect-error -- clear and resync have no key
    void change.key;
  }
  // @ts-expect-error -- there is no such setting
  settings.watch('hots');

  const same = settings
    .on('change', (change) => expectTypeOf(change).toEqualTypeOf<DictChange<keyof Settings>>())
    .once('state', (now, before) => expectTypeOf([now, before]).toEqualTypeOf<DictState[]>())
    .off('error', (error) => expectTypeOf(error).toBeUnknown())
    .on('close', () => {});
  expectTypeOf(same).toEqualTypeOf(settings);
  // @ts-expect-error -- there is no such event
  settings.on('changed', () => {});
  // @ts-expect-error -- close brings nothing
  settings.on('close', (reason: string) => reason);
}

export async function end(): Promise<void> {
  expectTypeOf(settings.stats()).toEqualTypeOf<DictStats>();
  expectTypeOf(settings.state).toEqualTypeOf<DictState>();
  expectTypeOf(settings.flush()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(settings.close({ timeout: 100 })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(settings.destroy()).toBeVoid();
  // @ts-expect-error -- the handle is not the dictionary
  settings.host = 'localhost';
}

// A dictionary of one kind of handle is none of another.
// @ts-expect-error -- numbers are no settings
export const wrong: NearDict<Settings> = table;
// @ts-expect-error -- other settings
export const other: NearDict<{ host: number }> = settings;

/** Handles can be passed on generically. */
export async function copy<T extends object, K extends keyof T & string>(
  from: NearDict<T>,
  to: NearDict<T>,
  key: K,
): Promise<void> {
  const value = await from.get(key);
  if (value !== undefined) await to.set(key, value);
}
void copy(settings, settings, 'host');
