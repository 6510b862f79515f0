import { describe, expect, it, jest } from '@jest/globals';
import { CodecError } from 'neardict';
import { Entry, Era, guardRead } from '../../lib/cache/entry.ts';
import { NEVER } from '../../lib/cache/turnClock.ts';
import { msgpackCodec } from '../../lib/codec/msgpack.ts';
import { Values } from '../../lib/codec/values.ts';
import { versionOf } from '../../lib/store/version.ts';

const values = new Values(msgpackCodec, 'frozen', 1024);

function entryOf(value: unknown): Entry {
  return new Entry(values.encode(value));
}

describe('an entry', () => {
  it('is decoded by its first read, and once', async () => {
    const decode = jest.spyOn(msgpackCodec, 'decode');
    const entry = entryOf({ a: [1] });
    const before = decode.mock.calls.length;

    const reads = [entry.read('key', values), entry.read('key', values)];
    const peeked = entry.peek('key', values);

    expect(decode.mock.calls.length - before).toBe(1);
    expect(reads[0]).toBe(reads[1]);
    expect(await reads[0]).toBe(peeked);
    expect(peeked).toEqual({ a: [1] });
    expect(before).toBe(0);
    decode.mockRestore();
  });

  it('gives its bytes back once they are decoded', () => {
    const entry = entryOf('text');

    entry.peek('key', values);

    expect(entry.bytes).toBeUndefined();
  });

  it('of a missing key reads as undefined', async () => {
    const entry = new Entry(undefined);

    expect(await entry.read('key', values)).toBeUndefined();
    expect(entry.peek('key', values)).toBeUndefined();
    expect(entry.read('key', values)).toBe(entry.read('key', values));
  });

  it('of null is not missing', async () => {
    const entry = entryOf(null);

    expect(await entry.read('key', values)).toBeNull();
    expect(entry.peek('key', values)).toBeNull();
  });

  it('of what can not be shared is decoded for each read', async () => {
    const entry = entryOf(new Date(5));

    const [first, second] = [await entry.read('key', values), entry.peek('key', values)];

    expect(first).toEqual(new Date(5));
    expect(second).toEqual(new Date(5));
    expect(second).not.toBe(first);
  });

  it('in the cache does not keep the network buffer of its bytes alive', () => {
    const buffer = Buffer.concat([values.encode(Uint8Array.of(1, 2)), Buffer.alloc(100_000)]);
    const entry = new Entry(buffer.subarray(0, 4));
    entry.era = new Era();

    entry.peek('key', values);

    expect(entry.bytes?.buffer.byteLength).toBe(4);
    expect(entry.peek('key', values)).toEqual(Uint8Array.of(1, 2));
  });

  it('of unreadable bytes throws with the key at every read', () => {
    const entry = new Entry(Buffer.from('hello'));

    expect(() => entry.read('key', values)).toThrow(CodecError);
    expect(() => entry.peek('key', values)).toThrow(expect.objectContaining({ key: 'key' }));
  });

  it('with a time to live ends in time, counted from the request; one without stays', () => {
    const mortal = entryOf(1).livingFor(100, 1000.9);
    const immortal = entryOf(1).livingFor(undefined, 1000);

    expect(mortal.isMortal).toBe(true);
    expect([mortal.hasExpired(1099), mortal.hasExpired(1100)]).toEqual([false, true]);
    expect(immortal.isMortal).toBeUndefined();
    expect(immortal.hasExpired(Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  it('keeps only the earlier of two ends', () => {
    const entry = entryOf(1);

    entry.expireBy(100);
    entry.expireBy(200);
    entry.expireBy(50);

    expect(entry.expiresAt).toBe(50);
  });

  it('remembers the version of its bytes where versions are kept', () => {
    const keeping = new Values(msgpackCodec, 'frozen', 1024, true);
    const [bytes, kept, other] = [values.encode(1), entryOf(1), entryOf(1)];

    kept.peek('key', keeping);
    other.peek('key', values);

    expect([kept.version, other.version]).toEqual([versionOf(bytes), undefined]);
  });

  it('hands out reads that are native promises with a guard, and are not frozen', () => {
    const read = entryOf(1).read('key', values);

    expect(() => `> ${read as unknown as string}`).toThrow(/await.*update\(\)/);
    expect(Object.isFrozen(read)).toBe(false);
    expect(Object.keys(read)).toEqual([]);
  });
});

describe('an era', () => {
  it('that has ended is never fresh', () => {
    const era = new Era();
    era.freshUntil = 1000;

    era.end();

    expect(era).toMatchObject({ isEnded: true, freshUntil: NEVER });
  });
});

describe('guardRead', () => {
  it('adds one hidden property that throws a TypeError', () => {
    const read = guardRead({});

    expect(Reflect.ownKeys(read)).toEqual([Symbol.toPrimitive]);
    expect(() => Number(read)).toThrow(TypeError);
  });
});
