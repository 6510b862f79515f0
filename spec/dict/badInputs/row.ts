import { expect } from '@jest/globals';
import { type NearDict, openDict, type OpenOptions, type Store } from 'neardict';
import type { Place } from '../../support/places.ts';

/** One kind of bad input, and what comes of it. */
export interface Row {
  readonly input: string;
  readonly expected: string;
  readonly check: (stage: Stage) => Promise<void>;
  /** Of a memory of one process, which knows no such input: why, and what there is instead. */
  readonly inMemory?: Pick<Row, 'expected' | 'check'>;
}

/** Where a row takes place: a namespace of its own in one of the stores, in one of the modes of writing. */
export class Stage {
  readonly namespace: string;
  readonly store: Store;
  readonly write: 'through' | 'back';
  /** The servers of the store; `undefined`: it is in memory. */
  readonly place: Place | undefined;
  readonly #opened: NearDict[] = [];

  constructor({ namespace, store, write, place }: Pick<Stage, 'namespace' | 'store' | 'write' | 'place'>) {
    this.namespace = namespace;
    this.store = store;
    this.write = write;
    this.place = place;
  }

  /** Opens the dictionary, which is closed when the row has ended. */
  async open(options: Partial<OpenOptions> = {}): Promise<NearDict> {
    const { namespace, store, write } = this;
    const handle = await openDict({ namespace, store, write, ...options });
    this.#opened.push(handle);
    return handle;
  }

  async end(): Promise<void> {
    for (const handle of this.#opened) await handle.close();
  }
}

/** The code of the error, be it thrown or a rejection. */
export async function codeOf(call: () => unknown): Promise<unknown> {
  const error = await errorOf(call);
  return error === undefined ? 'no error' : (error as { readonly code?: unknown }).code;
}

/** The error, be it thrown or a rejection; `undefined`: there is none. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

type Call = readonly [name: string, call: (handle: NearDict) => unknown];

/** Every call is refused with an error of this code, and nothing else is lost. */
function refused(code: string, calls: readonly Call[]): Row['check'] {
  return async (stage) => {
    const handle = await stage.open();
    const other = await stage.open();
    await handle.set('kept', 1);
    handle.dict['pending'] = 2;

    const met: unknown[] = [];
    for (const [name, call] of calls) met.push([name, await codeOf(() => call(handle))]);
    await handle.flush();

    expect(met).toEqual(calls.map(([name]) => [name, code]));
    expect(await other.snapshot()).toEqual({ kept: 1, pending: 2 });
  };
}

/** One after another. */
export function all(...checks: readonly Row['check'][]): Row['check'] {
  return async (stage) => {
    for (const check of checks) await check(stage);
  };
}

const callsWithKey = (key: unknown): readonly Call[] => [
  ['get', (handle) => handle.get(key as string)],
  ['get fresh', (handle) => handle.get(key as string, { fresh: true })],
  ['getMany', (handle) => handle.getMany(['kept', key as string])],
  ['set', (handle) => handle.set(key as string, 1)],
  ['setMany', (handle) => handle.setMany([['new', 1] as const, [key as string, 1] as const])],
  ['delete', (handle) => handle.delete(key as string)],
  ['deleteMany', (handle) => handle.deleteMany(['kept', key as string])],
  ['update', (handle) => handle.update(key as string, () => 1)],
];

/** No method takes any of the keys. */
export function refusedKeys(...keys: readonly unknown[]): Row['check'] {
  return refused('ERR_NEARDICT_KEY', keys.flatMap(callsWithKey));
}

const callsWithValue = (value: unknown): readonly Call[] => [
  ['set', (handle) => handle.set('bad', value)],
  ['setMany', (handle) => handle.setMany({ good: 1, bad: value })],
  [
    'assign',
    (handle) => {
      handle.dict['bad'] = value;
      return undefined;
    },
  ],
];

/** No way of writing takes any of the values. */
export function refusedValues(...values: readonly unknown[]): Row['check'] {
  return refused('ERR_NEARDICT_CODEC', values.flatMap(callsWithValue));
}

/** The methods take the keys, and no other program or key comes into it. */
export function storedKeys(...keys: readonly string[]): Row['check'] {
  return async (stage) => {
    const handle = await stage.open();
    const other = await stage.open();
    await handle.clear();

    await handle.setMany(keys.map((key) => [key, `value of ${key}`] as const));

    expect(new Map(Object.entries(await other.snapshot()))).toEqual(
      new Map(keys.map((key) => [key, `value of ${key}`])),
    );
    for (const key of keys) expect(await other.get(key, { fresh: true })).toBe(`value of ${key}`);
    expect(await handle.deleteMany(keys)).toBe(keys.length);
    expect(await other.size()).toBe(0);
  };
}

/** The values come back as they were. */
export function storedValues(...values: readonly unknown[]): Row['check'] {
  return async (stage) => {
    const handle = await stage.open();
    const other = await stage.open();
    for (const value of values) {
      await handle.set('value', value);
      expect(await other.get('value', { fresh: true })).toEqual(value);
      handle.dict['assigned'] = value;
      await handle.flush();
      expect(await other.get('assigned', { fresh: true })).toEqual(value);
    }
    await handle.clear();
  };
}
