import { describe, expect, it } from '@jest/globals';
import { msgpackCodec } from '../../lib/codec/msgpack.ts';
import { Values } from '../../lib/codec/values.ts';

const values = new Values(msgpackCodec, 'clone', 1024);
const guarded = (value: unknown): unknown => values.decodeGuarded('key', values.encode(value));

describe('a guarded value', () => {
  it('has dates that can not be changed by their methods', () => {
    const { at } = guarded({ at: new Date(0) }) as { readonly at: Date };

    expect(() => at.setFullYear(1999)).toThrow(TypeError);
    expect(() => at.setTime(1)).toThrow(/share.*copy/);
    expect(at).toEqual(new Date(0));
    expect(at.toISOString()).toBe('1970-01-01T00:00:00.000Z');
    expect(new Date(at).setFullYear(1999)).toBeGreaterThan(0);
  });

  it('has maps and sets that can not be changed by their methods', () => {
    const codec = {
      encode: () => new Uint8Array(1),
      decode: () => ({ map: new Map([['a', 1]]), set: new Set([1]) }),
    };
    const { map, set } = new Values(codec, 'frozen', 1024).decodeGuarded('key', new Uint8Array(1)) as ReturnType<
      typeof codec.decode
    >;

    for (const change of [() => map.set('b', 2), () => map.clear(), () => map.delete('a')])
      expect(change).toThrow(TypeError);
    for (const change of [() => set.add(2), () => set.clear(), () => set.delete(1)]) expect(change).toThrow(TypeError);
    expect([map.get('a'), set.has(1)]).toEqual([1, true]);
  });

  it('is frozen to its leaves, whatever `values` says', () => {
    const value = guarded({ list: [{ a: 1 }] }) as { readonly list: readonly { a: number }[] };

    expect(() => {
      value.list[0]!.a = 2;
    }).toThrow(TypeError);
  });
});
