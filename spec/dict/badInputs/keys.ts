import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import { openDict } from 'neardict';
import { recordReads } from '../../support/wrapStore.ts';
import { all, codeOf, refusedKeys, refusedValues, type Row, type Stage, storedKeys, storedValues } from './row.ts';

const inherited = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString'];
const tabooInNamespaces = [
  '',
  ' ',
  'a b',
  ...'{ } * ? [ ] \\ ^ / #'.split(' ').map((c) => `a${c}b`),
  'a\nb',
  'a\0',
  'x'.repeat(65),
];

/** Looks at the dictionary without awaiting a key; it must not ask the store for anything. */
async function unasked(stage: Stage, look: (dict: Record<string | symbol, unknown>) => void): Promise<void> {
  const { store, reads } = recordReads(stage.store);
  const handle = await stage.open({ store });

  look(handle.dict);
  await new Promise((resolve) => setImmediate(resolve));

  expect(reads).toEqual([]);
}

/** As properties the names belong to JavaScript, and can't be written; as keys of methods they are data. */
function reserved(...names: readonly string[]): Row['check'] {
  return all(
    async (stage) => {
      const { dict } = await stage.open();
      for (const name of names) {
        expect(await codeOf(() => (dict[name] = 1))).toBe('ERR_NEARDICT_KEY');
        expect(await codeOf(() => delete dict[name])).toBe('ERR_NEARDICT_KEY');
      }
    },
    storedKeys(...names),
  );
}

export const keys: readonly Row[] = [
  { input: 'the empty string as a key', expected: 'is a KeyError', check: refusedKeys('') },
  {
    input: 'a key that is no string',
    expected: 'is a KeyError of every method, and a string as a property',
    check: all(refusedKeys(5, {}, undefined, null, true), async (stage) => {
      const handle = await stage.open();
      handle.dict[5 as unknown as string] = 'five';
      await handle.flush();
      expect(await handle.get('5', { fresh: true })).toBe('five');
    }),
  },
  {
    input: 'a symbol as a key',
    expected: 'is a KeyError of every method and to write; as a property undefined, and nobody is asked',
    check: all(
      refusedKeys(Symbol('key')),
      async (stage) => {
        const { dict } = await stage.open();
        const bySymbol = dict as Record<symbol, unknown>;
        expect(await codeOf(() => (bySymbol[Symbol('key')] = 1))).toBe('ERR_NEARDICT_KEY');
        expect(await codeOf(() => delete bySymbol[Symbol('key')])).toBe('ERR_NEARDICT_KEY');
      },
      (stage) =>
        unasked(stage, (dict) => {
          expect(dict[Symbol('key')]).toBeUndefined();
        }),
    ),
  },
  {
    input: 'a lone surrogate in a key or a value',
    expected: 'is a KeyError, or a CodecError',
    check: all(refusedKeys('a\ud800', '\udfffb'), refusedValues('a\ud800', { 'a\ud800': 1 })),
  },
  {
    input: 'a key of more than 1 kB',
    expected: 'is a KeyError, and one of 1 kB is data',
    check: all(refusedKeys('k'.repeat(1025), '€'.repeat(342)), storedKeys('k'.repeat(1024), '€'.repeat(341))),
  },
  { input: 'names that every object inherits', expected: 'are data by methods', check: reserved(...inherited) },
  {
    input: '`then`',
    expected: 'is never a property, so that a dictionary can be awaited, and data by methods',
    check: all(
      (stage) =>
        unasked(stage, (dict) => {
          expect(dict['then']).toBeUndefined();
        }),
      async (stage) => {
        const { dict } = await stage.open();
        expect(await (dict as unknown)).toBe(dict);
      },
      reserved('then'),
    ),
  },
  {
    input: 'what JavaScript and its tools ask every object for',
    expected: 'has a fixed answer, and nobody is asked',
    check: all(
      (stage) =>
        unasked(stage, (dict) => {
          for (const name of ['toJSON', 'inspect', Symbol.iterator, Symbol.isConcatSpreadable]) {
            expect(dict[name]).toBeUndefined();
          }
          expect(JSON.stringify(dict)).toBe('{}');
          expect(String(dict as unknown)).toBe(`[NearDict ${stage.namespace}]`);
          expect(Object.prototype.toString.call(dict)).toBe('[object NearDict]');
          expect([0].concat(dict as never)).toEqual([0, dict]);
          expect(inspect(dict)).toContain(stage.namespace);
        }),
      reserved('toJSON', 'inspect'),
    ),
  },
  { input: 'braces in a key', expected: 'are data', check: storedKeys('{}', '}{', '{x}', '{x}y', 'y{x}', '{') },
  {
    input: 'odd characters in a namespace',
    expected: 'are a ConfigError; in a prefix of keys they are no pattern',
    check: all(
      async ({ store }) => {
        for (const namespace of tabooInNamespaces) {
          expect([namespace, await codeOf(() => openDict({ namespace, store }))]).toEqual([
            namespace,
            'ERR_NEARDICT_CONFIG',
          ]);
        }
      },
      async (stage) => {
        const handle = await stage.open();
        const prefixes = ['*', 'a*', 'a?', '[ab]', 'a^', 'a\\', '{a}'];
        await handle.setMany([...prefixes, 'a', 'ab', 'b'].map((key) => [key, 1] as const));
        for (const prefix of prefixes) expect(await handle.snapshot({ prefix })).toEqual({ [prefix]: 1 });
      },
    ),
  },
  {
    input: 'line ends, NUL and quotes in a key or a value',
    expected: 'are data',
    check: all(
      storedKeys('a\r\nDEL b\r\n', '$5\r\nhello\r\n', 'nul\0nul', '"quotes\'', '\uFEFF', '🔑'),
      storedValues('a\r\nDEL b\r\n', 'nul\0nul', '"quotes\'', '', '\uFEFFbom'),
    ),
  },
  {
    input: '`for in`, Object.keys and spread',
    expected: 'find nothing, and nobody is asked',
    check: (stage) =>
      unasked(stage, (dict) => {
        const met: string[] = [];
        for (const key in dict) met.push(key);
        expect([met, Object.keys(dict), Object.entries(dict), { ...dict }]).toEqual([[], [], [], {}]);
      }),
  },
];
