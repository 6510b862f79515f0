import type { Dict, NearDict, Reads } from 'neardict';
import { expectTypeOf } from 'expect-type';
import { settings, type Settings, table } from './settings.ts';

const { dict } = settings;

// A property takes a value of its type.
dict.host = 'localhost';
dict.note = null;
dict.list = ['a'];
dict.proxy = { url: 'http://localhost' };
dict['port'] = 80;
delete dict.host;
delete dict.proxy;
// @ts-expect-error -- a string is no port
dict.port = '80';
// @ts-expect-error -- there is no such setting
dict.hots = 'localhost';
// @ts-expect-error -- a forgotten value must not delete
dict.port = undefined;
// @ts-expect-error -- not even where the setting is optional
dict.proxy = undefined;
// @ts-expect-error -- a value inside has its type, too
dict.proxy = { url: 80 };
Object.assign(dict, { host: 'localhost', port: 80 });

// An awaited read is the value or undefined.
export async function read(): Promise<void> {
  expectTypeOf(await settings.dict.host).toEqualTypeOf<string | undefined>();
  expectTypeOf(await settings.dict.flag).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(await settings.dict.note).toEqualTypeOf<string | null | undefined>();
  expectTypeOf(await settings.dict.list).toEqualTypeOf<readonly string[] | undefined>();
  expectTypeOf(await settings.dict.proxy).toEqualTypeOf<{ url: string } | undefined>();
  expectTypeOf(await settings.dict['port']).toEqualTypeOf<number | undefined>();
  // @ts-expect-error -- there is no such setting
  await settings.dict.hots;
  // @ts-expect-error -- without await it is no string
  settings.dict.host.toUpperCase();
}

// A record takes any key, in brackets.
export async function useRecord(key: string): Promise<void> {
  table.dict[key] = 1;
  table.dict['ada'] = 2;
  delete table.dict[key];
  // @ts-expect-error -- noPropertyAccessFromIndexSignature
  table.dict.ada = 2;
  // @ts-expect-error -- not a number
  table.dict[key] = 'one';
  expectTypeOf(await table.reads[key]).toEqualTypeOf<number | undefined>();
  const other: string = `${key}!`;
  expectTypeOf(await table.dict[other]).toEqualTypeOf<number | undefined>();
}

// Generic over the key, reads go by the handle or by the reads of a generic dictionary.
export async function readAny<K extends keyof Settings & string>(key: K): Promise<Settings[K] | undefined> {
  return settings.get(key);
}
export async function readHandle<T extends object, K extends keyof T & string>(
  from: NearDict<T>,
  key: K,
): Promise<T[K] | undefined> {
  return from.get(key);
}
export function readIn<T extends object, K extends keyof T & string>(
  from: Reads<T>,
  key: K,
): Promise<T[K] | undefined> {
  return from[key];
}
export function write<K extends keyof Settings & string>(key: K, value: Settings[K]): void {
  settings.dict[key] = value;
}
export function writeIn<T extends object, K extends keyof T & string>(to: Dict<T>, key: K, value: T[K]): void {
  to[key] = value;
}
export async function callGenerics(): Promise<void> {
  expectTypeOf(await readAny('port')).toEqualTypeOf<number | undefined>();
  expectTypeOf(await readHandle(settings, 'list')).toEqualTypeOf<readonly string[] | undefined>();
  expectTypeOf(await readIn(settings.reads, 'list')).toEqualTypeOf<readonly string[] | undefined>();
  write('flag', true);
  writeIn(table.dict, 'ada', 1);
  // @ts-expect-error -- the value belongs to another key
  write('flag', 80);
}
