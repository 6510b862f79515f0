import { describe, expect, it } from '@jest/globals';
import { ClosedError } from 'neardict';
import { Entry, Era } from '../../lib/cache/entry.ts';
import { TurnClock } from '../../lib/cache/turnClock.ts';
import { msgpackCodec } from '../../lib/codec/msgpack.ts';
import { Values } from '../../lib/codec/values.ts';
import { LocalReads } from '../../lib/dict/localReads.ts';
import { turn } from '../support/openInMemory.ts';

const values = new Values(msgpackCodec, 'frozen', 1024);

interface Fake {
  now: number;
  readonly fetched: string[];
  readonly entries: Map<string, Entry>;
  readonly era: Era;
  readonly clock: TurnClock;
  readonly reads: LocalReads;
}

/** Reads over a cache with `x` in it, by a clock under control. */
function fakeReads(): Fake {
  const era = new Era();
  era.freshUntil = 2000;
  const entry = new Entry(values.encode('value'));
  entry.era = era;
  const entries = new Map([['x', entry]]);
  const fetched: string[] = [];
  const clock = new TurnClock((): number => fake.now);
  const fake: Fake = {
    now: 1000,
    clock,
    fetched,
    entries,
    era,
    reads: new LocalReads({
      entries,
      pending: new Map(),
      clock,
      values,
      fetch(key) {
        fetched.push(key);
        return Promise.reject(new ClosedError('users'));
      },
      onUse() {},
    }),
  };
  return fake;
}

/** Reads until the turn is overdue, and returns the read that has to wait. */
async function overdueRead(fake: Fake): Promise<{ readonly read: Promise<unknown> | undefined }> {
  await fake.reads.hit('x');
  fake.now += 6;
  fake.clock.credit = 0;
  return { read: fake.reads.hit('x') };
}

describe('a cached read', () => {
  it('is served as long as its era is proven fresh and the entry not expired', async () => {
    const fake = fakeReads();

    const served = await fake.reads.hit('x');
    fake.now = 2001;
    await turn();
    const stale = fake.reads.hit('x');
    fake.era.freshUntil = 3000;
    const proven = await fake.reads.hit('x');
    const entry = fake.entries.get('x');
    if (entry !== undefined) entry.expiresAt = 2000;

    expect([served, stale, proven, fake.reads.hit('x')]).toEqual(['value', undefined, 'value', undefined]);
    expect(fake.era.hits).toBe(2);
  });
});

describe('a read that comes when the turn is overdue', () => {
  it('waits for the next turn and is served from memory', async () => {
    const fake = fakeReads();
    const { read } = await overdueRead(fake);
    let isTurned = false;
    setImmediate(() => {
      isTurned = true;
    });

    expect(await read).toBe('value');
    expect(isTurned).toBe(true);
    expect(fake.fetched).toEqual([]);
  });

  it('is guarded like any other read', async () => {
    const { read } = await overdueRead(fakeReads());

    expect(() => `> ${read as unknown as string}`).toThrow(/await.*update\(\)/);
  });

  it('asks nothing and leaves no rejection behind when nobody awaits it', async () => {
    const fake = fakeReads();
    const { read } = await overdueRead(fake);
    fake.entries.clear();

    await turn();
    await turn();

    expect(fake.fetched).toEqual([]);
    await expect(read).rejects.toThrow(ClosedError);
  });
});

describe('an entry that can not be read', () => {
  it('is no hit and leaves the cache', () => {
    const fake = fakeReads();
    const entry = new Entry(Buffer.from('hello'));
    entry.era = fake.era;
    fake.entries.set('bad', entry);

    expect(fake.reads.hit('bad')).toBeUndefined();

    expect(fake.era.hits).toBe(0);
    expect(fake.entries.has('bad')).toBe(false);
  });
});
