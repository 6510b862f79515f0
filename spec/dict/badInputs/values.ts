import { expect } from '@jest/globals';
import { rawCodec } from '../../support/rawCodec.ts';
import { all, codeOf, errorOf, refusedValues, type Row, storedValues } from './row.ts';

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

function cycle(): unknown {
  const value: Record<string, unknown> = { deep: { list: [] } };
  (value['deep'] as { readonly list: unknown[] }).list.push(value);
  return value;
}

class Point {
  x = 1;
}

// oxlint-disable-next-line no-sparse-arrays -- this is what is tested
const sparse = [1, , 3];

export const values: readonly Row[] = [
  {
    input: 'the value undefined',
    expected: 'is a CodecError that names delete; null is a value',
    check: all(
      refusedValues(undefined),
      async (stage) => {
        const handle = await stage.open();
        expect(String(await errorOf(() => handle.set('x', undefined)))).toContain('delete');
      },
      storedValues(null),
    ),
  },
  {
    input: 'a function or a symbol as a value',
    expected: 'is a CodecError',
    check: refusedValues(() => {}, Symbol('value'), [() => {}], { deep: Symbol('value') }),
  },
  {
    input: 'an instance of a class, a RegExp, an Error, a sparse array',
    expected: 'is a CodecError',
    check: refusedValues(new Point(), /a/g, new Error('x'), sparse, { deep: [new Point()] }),
  },
  {
    input: 'what msgpack has no form for',
    expected: 'comes back as it was, or is a CodecError',
    check: all(
      storedValues(new Date(0), 2n ** 63n, Number.NaN, Number.NEGATIVE_INFINITY, new Uint8Array([0, 255])),
      refusedValues(new Map(), new Set(), -0, 10n ** 30n, Buffer.from('x'), new Float64Array(1)),
    ),
  },
  {
    input: 'an own `__proto__` inside a value',
    expected: 'is a CodecError',
    check: refusedValues(JSON.parse('{ "__proto__": 1 }'), [JSON.parse('{ "__proto__": {} }')]),
  },
  {
    input: 'a method `then` inside a value, and a promise',
    expected: 'is a CodecError',
    check: refusedValues({ then() {} }, { deep: { then() {} } }, Promise.resolve(1)),
  },
  { input: 'a cycle', expected: 'is a CodecError', check: refusedValues(cycle()) },
  {
    input: 'more than 100 levels',
    expected: 'are a CodecError, written or read',
    check: all(refusedValues(nested(101)), storedValues(nested(100)), async (stage) => {
      const foreign = await stage.open({ codec: rawCodec('msgpack'), write: 'through' });
      const handle = await stage.open();
      await foreign.set('deep', Buffer.concat([Buffer.alloc(100, 0x91), Buffer.from([0x90])]));
      expect(await codeOf(() => handle.get('deep', { fresh: true }))).toBe('ERR_NEARDICT_CODEC');
    }),
  },
  {
    input: 'a value of more than maxValueBytes',
    expected: 'is a ValueTooLargeError, before anything is sent',
    check: async (stage) => {
      const handle = await stage.open();
      const before = handle.stats().bytesOut;
      for (const call of [
        () => handle.set('bad', 'x'.repeat(2 ** 20)),
        () => handle.setMany({ good: 1, bad: new Uint8Array(2 ** 20) }),
        () => (handle.dict['bad'] = 'x'.repeat(2 ** 20)),
      ]) {
        expect(await codeOf(call)).toBe('ERR_NEARDICT_VALUE_TOO_LARGE');
      }
      await handle.flush();
      expect(handle.stats().bytesOut).toBe(before);
      expect(await handle.size()).toBe(0);
    },
  },
  {
    input: 'a change of what was written, or of what a read returned',
    expected: 'changes nothing that others read',
    check: async (stage) => {
      const handle = await stage.open();
      const written = { list: [1], at: new Date(0), bytes: new Uint8Array([1]) };
      const original = structuredClone(written);
      await handle.set('awaited', written);
      handle.dict['assigned'] = written;
      written.list.push(2);
      written.at.setTime(1);
      written.bytes[0] = 2;

      for (const key of ['awaited', 'assigned']) {
        const reads = [() => handle.get(key), () => handle.dict[key], () => handle.get(key, { fresh: true })];
        for (const read of reads) {
          const value = (await read()) as typeof written;
          expect(value).toEqual(original);
          expect(await errorOf(() => value.list.push(3))).toBeInstanceOf(TypeError);
          value.at.setTime(3);
          value.bytes[0] = 3;
        }
        expect(await handle.get(key)).toEqual(original);
      }
    },
  },
];
