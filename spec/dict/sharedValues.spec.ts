import { describe, expect, it } from '@jest/globals';
import { type NearDict, openDict, type ValueMode } from 'neardict';
import { freshNamespace, openInMemory } from '../support/openInMemory.ts';

interface Profile {
  name: string;
  tags: string[];
  address: { city: string };
}

function ada(): Profile {
  return { name: 'ada', tags: ['a', 'b'], address: { city: 'London' } };
}

interface Pair extends AsyncDisposable {
  readonly writer: NearDict<{ ada: Profile }>;
  readonly reader: NearDict<{ ada: Profile }>;
}

async function openPair(values: ValueMode): Promise<Pair> {
  const namespace = freshNamespace();
  const writer = await openDict<{ ada: Profile }>({ namespace, values });
  const reader = await openDict<{ ada: Profile }>({ namespace, values });
  return {
    writer,
    reader,
    async [Symbol.asyncDispose]() {
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}

/** Every way to get a value. */
const ways: readonly {
  readonly way: string;
  readonly read: (handle: Pair['reader']) => Promise<Profile | undefined>;
}[] = [
  { way: 'await dict.key', read: async (handle) => handle.dict.ada },
  { way: 'get', read: (handle) => handle.get('ada') },
  { way: 'get fresh', read: (handle) => handle.get('ada', { fresh: true }) },
  { way: 'getMany', read: async (handle) => (await handle.getMany(['ada'])).ada },
  {
    way: 'peek',
    read: async (handle) => {
      await handle.get('ada');
      return handle.peek('ada');
    },
  },
  { way: 'getEntry', read: async (handle) => (await handle.getEntry('ada'))?.value },
  { way: 'snapshot', read: async (handle) => (await handle.snapshot()).ada },
  {
    way: 'entries',
    read: async (handle) => {
      for await (const [, value] of handle) return value;
      return undefined;
    },
  },
];

describe.each(ways)('a value read by $way', ({ read }) => {
  it('is frozen to its leaves, in the reader and in the writer', async () => {
    await using pair = await openPair('frozen');
    pair.writer.dict.ada = ada();
    const early = await pair.writer.get('ada');
    await pair.writer.flush();

    for (const value of [early, await read(pair.writer), await read(pair.reader)]) {
      expect(value).toEqual(ada());
      expect(() => value?.tags.push('c')).toThrow(TypeError);
      expect(() => Object.assign(value?.address ?? {}, { city: 'Paris' })).toThrow(TypeError);
      expect(() => Object.assign(value ?? {}, { name: 'eve' })).toThrow(TypeError);
    }
  });

  it("is a copy with values: 'clone', in the reader and in the writer", async () => {
    await using pair = await openPair('clone');
    pair.writer.dict.ada = ada();
    const early = await pair.writer.get('ada');
    early?.tags.push('changed');
    await pair.writer.flush();

    for (const handle of [pair.writer, pair.reader]) {
      const value = await read(handle);
      value?.tags.push('changed');
      if (value !== undefined) value.address.city = 'Paris';

      expect(await read(handle)).toEqual(ada());
    }
  });
});

describe('an assigned object', () => {
  it.each(['frozen', 'clone'] as const)('may be changed afterwards without effect (%s)', async (values) => {
    await using pair = await openPair(values);
    const mine = ada();

    pair.writer.dict.ada = mine;
    mine.tags.push('changed');
    const early = await pair.writer.get('ada');
    await pair.writer.flush();
    mine.address.city = 'Paris';

    expect(Object.isFrozen(mine)).toBe(false);
    expect(early).toEqual(ada());
    expect(await pair.writer.get('ada')).toEqual(ada());
    expect(await pair.reader.get('ada')).toEqual(ada());
  });
});

describe('what freezing can not protect', () => {
  it.each(['frozen', 'clone'] as const)('is copied for each read: Date and binary (%s)', async (values) => {
    const namespace = freshNamespace();
    await using writer = await openDict<Record<string, { when: Date; bytes: Uint8Array }>>({ namespace, values });
    await using reader = await openDict<Record<string, { when: Date; bytes: Uint8Array }>>({ namespace, values });
    const original = { when: new Date(5), bytes: Uint8Array.of(1, 2, 3) };

    writer.dict['x'] = original;
    const early = await writer.get('x');
    original.bytes[0] = 99;
    await writer.flush();
    for (const handle of [writer, reader]) {
      for (let round = 0; round < 3; round++) {
        const value = await handle.get('x');
        value?.when.setTime(99);
        value?.bytes.fill(99);
        const peeked = handle.peek('x');
        peeked?.when.setTime(98);
        peeked?.bytes.fill(98);
      }
    }

    expect(early).toEqual({ when: new Date(5), bytes: Uint8Array.of(1, 2, 3) });
    for (const handle of [writer, reader]) {
      expect(await handle.get('x')).toEqual({ when: new Date(5), bytes: Uint8Array.of(1, 2, 3) });
      expect(await handle.get('x', { fresh: true })).toEqual({ when: new Date(5), bytes: Uint8Array.of(1, 2, 3) });
    }
  });

  it('is served from memory all the same', async () => {
    await using handle = await openInMemory();
    await handle.set('when', new Date(5));

    await handle.get('when');
    await handle.get('when');

    expect(handle.stats()).toMatchObject({ hits: 2, misses: 0 });
  });

  it('includes maps, sets and class instances that a codec of the user brings', async () => {
    class Point {
      readonly x: number;
      constructor(x: number) {
        this.x = x;
      }
    }
    await using handle = await openInMemory<Record<string, { map: Map<string, number>; point: Point }>>({
      codec: {
        name: 'points',
        encode: (value) => Buffer.from(String((value as { point: Point }).point.x)),
        decode(bytes) {
          const x = Number(Buffer.from(bytes).toString());
          return { map: new Map([['x', x]]), point: new Point(x) };
        },
      },
    });
    await handle.set('x', { map: new Map(), point: new Point(5) });

    const first = await handle.get('x');
    first?.map.set('x', 99);

    expect(await handle.get('x')).toEqual({ map: new Map([['x', 5]]), point: new Point(5) });
  });
});

describe('a shared value', () => {
  it('is one object for all readers of a handle', async () => {
    await using handle = await openInMemory();
    await handle.set('x', { deep: [1] });

    expect(await handle.get('x')).toBe(await handle.get('x'));
    expect(handle.peek('x')).toBe(await handle.get('x'));
  });
});
