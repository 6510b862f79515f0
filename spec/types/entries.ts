import { expectTypeOf } from 'expect-type';
import type { DictEntry, NearDict, WatchedValue } from 'neardict';
import { settings, table } from './settings.ts';

// A setting that is optional can be missing, but no entry is `undefined`.
export async function useOptional(): Promise<void> {
  expectTypeOf(await settings.getEntry('proxy')).toEqualTypeOf<DictEntry<{ url: string }> | undefined>();
  for await (const change of settings.watch('proxy')) {
    expectTypeOf(change).toEqualTypeOf<WatchedValue<{ url: string }>>();
  }
  for await (const value of settings.values()) {
    expectTypeOf(value).toEqualTypeOf<string | number | boolean | null | readonly string[] | { url: string }>();
  }
  // @ts-expect-error -- undefined is no value
  await settings.set('proxy', undefined);
}

// A key and its value belong together.
export async function usePairs(): Promise<void> {
  for await (const [key, value] of settings) {
    if (key === 'port') expectTypeOf(value).toBeNumber();
    if (key === 'proxy') expectTypeOf(value).toEqualTypeOf<{ url: string }>();
  }
  for await (const entry of table.entries()) expectTypeOf(entry).toEqualTypeOf<readonly [string, number]>();
  await settings.setMany([
    ['port', 80],
    ['host', 'localhost'],
  ]);
  // @ts-expect-error -- a string is no port
  await settings.setMany([['port', '80']]);
}

// All of it can be used generically.
export async function copyAll<T extends object>(from: NearDict<T>, to: NearDict<T>): Promise<void> {
  for await (const [key, value] of from) await to.set(key, value);
  await to.setMany(await from.snapshot());
}
export async function latest<T extends object, K extends keyof T & string>(
  from: NearDict<T>,
  key: K,
): Promise<T[K] | undefined> {
  for await (const { value } of from.watch(key)) return value;
  return (await from.getEntry(key))?.value;
}
export async function store<T extends object, K extends keyof T & string>(
  to: NearDict<T>,
  key: K,
  value: T[K],
): Promise<void> {
  await to.set(key, value);
}
