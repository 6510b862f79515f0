import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { type Codec, CodecError, type Mirror, type NearDict, type OpenOptions, openDict } from 'neardict';
import { freshNamespace } from '../../support/openInMemory.ts';
import { until } from '../../support/until.ts';

type Data = Record<string, { readonly n: number }>;

/** Longer than a mirror unpacks without a pause, in milliseconds. */
const LONG_MS = 6;
/** The real clock: what is unpacked in the background may outlast this file, and the next one may stop the time. */
const now = performance.now.bind(performance);

/** A codec that takes its time, and tells what it has decoded. */
function slowCodec(): Codec & { readonly decoded: string[] } {
  const decoded: string[] = [];
  return {
    name: 'slow',
    decoded,
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode(bytes) {
      const text = Buffer.from(bytes).toString();
      const value = JSON.parse(text) as unknown;
      if (typeof value !== 'object') throw new TypeError('no object');
      decoded.push(text);
      for (const end = now() + LONG_MS; now() < end;);
      return value;
    },
    isSound: (bytes) => bytes[0] === 0x7b,
  };
}

/** A mirror that was just loaded, of which another process has written the content. */
async function load(
  content: Record<string, unknown>,
  options: Partial<OpenOptions> = {},
): Promise<{
  readonly codec: ReturnType<typeof slowCodec>;
  readonly here: NearDict<Data>;
  readonly there: NearDict<Data>;
  readonly mirror: Mirror<Data>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}> {
  const namespace = freshNamespace();
  const codec = slowCodec();
  const there = await openDict<Data>({ namespace, codec });
  await there.setMany(content as Data);
  codec.decoded.length = 0;
  const here = await openDict<Data>({ namespace, codec, ...options });
  const mirror = await here.mirror();
  return {
    codec,
    here,
    there,
    mirror,
    async [Symbol.asyncDispose]() {
      await here.close();
      await there.close();
    },
  };
}

const three = { a: { n: 1 }, b: { n: 2 }, c: { n: 3 } };

describe('a value that was loaded', () => {
  it('is decoded when it is first read, once', async () => {
    await using loaded = await load(three);
    const { mirror, codec } = loaded;
    const before = codec.decoded.length;
    expect(before).toBeLessThan(3);

    const { c } = mirror.config;

    expect(c).toEqual({ n: 3 });
    expect(Object.isFrozen(c)).toBe(true);
    expect(codec.decoded).toHaveLength(before + 1);
    expect(mirror.config['c']).toBe(c);
    expect(mirror.current['c']).toBe(c);
    expect([...codec.decoded].sort()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  it('is decoded in the background if nobody reads it', async () => {
    await using loaded = await load(three);

    await until('everything is decoded', () => loaded.codec.decoded.length === 3);

    expect(loaded.mirror.config).toEqual(three);
    expect(loaded.codec.decoded).toHaveLength(3);
    await until('the traps are gone', () =>
      inspect(loaded.mirror.config, { showProxy: true }).includes('get: undefined'),
    );
  });

  it('is decoded in the background once, whatever stands before or behind it', async () => {
    const namespace = freshNamespace();
    await using there = await openDict<Data>({ namespace });
    await there.setMany(three);
    await using here = await openDict<Data>({ namespace });

    await using mirror = await here.mirror({ defaults: { a: { n: 0 } }, overrides: { b: { n: 9 } } });

    // There is nothing left to unpack.
    await until('the traps are gone', () => inspect(mirror.config, { showProxy: true }).includes('get: undefined'));
    expect(mirror.config).toEqual({ ...three, b: { n: 9 } });
  });

  it('is told as it was when it changes before anybody has read it', async () => {
    await using loaded = await load(three);
    const { mirror, there } = loaded;
    const changes = mirror.watch();

    await there.setMany({ b: { n: 2 }, c: { n: 4 } });

    expect((await changes.next()).value).toEqual([{ key: 'c', before: { n: 3 }, now: { n: 4 } }]);
    expect(mirror.config).toEqual({ ...three, c: { n: 4 } });
  });

  it('stays what it is for a key that is written and goes', async () => {
    await using loaded = await load(three);
    const { mirror, there } = loaded;

    mirror.config['b'] = { n: 20 };
    await there.delete('c');
    await until('the delete is seen', () => !('c' in mirror.config));

    expect(mirror.config).toEqual({ a: { n: 1 }, b: { n: 20 } });
  });

  it('can be read when the mirror was closed', async () => {
    const loaded = await load(three);
    await loaded[Symbol.asyncDispose]();

    expect(loaded.mirror.config).toEqual(three);
  });

  it('is known to be invalid at once if it is', async () => {
    await using loaded = await load({ ...three, bad: 'text' });

    expect(loaded.codec.decoded.length).toBeLessThan(4);
    expect([...loaded.mirror.invalid.keys()]).toEqual(['bad']);
    expect(loaded.mirror.config).toEqual(three);
  });

  it('throws when it is read if its codec was wrong to call it sound', async () => {
    const namespace = freshNamespace();
    const codec = {
      ...slowCodec(),
      decode(): unknown {
        throw new Error('secret');
      },
      isSound: () => true,
    };
    await using handle = await openDict<Data>({ namespace, codec });
    await handle.set('a', { n: 1 });
    await using mirror = await handle.mirror();
    const errors: unknown[] = [];
    mirror.on('error', (error) => errors.push(error));

    expect(() => mirror.config['a']).toThrow(CodecError);
    await until('it is told', () => errors.length > 0);
    expect(errors[0]).toBeInstanceOf(CodecError);
  });

  it('is checked by its schema before it is shown', async () => {
    const each = {
      '~standard': {
        version: 1,
        vendor: 'spec',
        validate: (value: unknown) =>
          (value as { readonly n: number }).n === 2 ? { issues: [{ message: 'not two' }] } : { value },
      },
    } as const;
    await using loaded = await load(three, { each });

    expect('b' in loaded.mirror.config).toBe(false);
    expect([...loaded.mirror.invalid.keys()]).toEqual(['b']);
  });
});
