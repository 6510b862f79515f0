import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  AmbiguousWriteError,
  BackpressureError,
  ConfigError,
  FlushError,
  memoryStore,
  openDict,
  UnavailableError,
  type WriteBackMode,
} from 'neardict';
import { until } from '../support/until.ts';
import { away, heard, openPair, unreliable } from '../support/writeBackPair.ts';
import { gate, wrapStore } from '../support/wrapStore.ts';

describe('write-back', () => {
  it('keeps assignments here, and brings many of one key to the store as one', async () => {
    await using pair = await openPair();
    const { back, other } = pair;
    for (let n = 1; n <= 100; n++) back.dict['a'] = n;
    back.dict['b'] = 1;
    delete back.dict['b'];
    await delay(30);
    expect([await back.get('a'), await back.get('b'), await other.get('a', { fresh: true })]).toEqual([
      100,
      undefined,
      undefined,
    ]);
    expect(back.stats()).toMatchObject({ dirty: 2, edits: 102, flushes: 0, coalescing: 1 });

    await back.flush();
    expect(await other.get('a', { fresh: true })).toBe(100);
    expect(back.stats()).toMatchObject({ dirty: 0, edits: 102, flushes: 1, coalescing: 51, conflicts: 0 });
  });

  it('flushes after the interval, which later edits do not put off', async () => {
    await using pair = await openPair({ flushInterval: 50 });
    const { back, other } = pair;
    let n = 0;
    await until('an edit is in the store', async () => {
      back.dict['a'] = ++n;
      return (await other.get('a', { fresh: true })) !== undefined;
    });
    expect(back.stats().flushes).toBeGreaterThan(0);
  });

  it('flushes nothing of its own before half of maxDirty is reached', async () => {
    await using pair = await openPair({ maxDirty: 10 });
    const { back } = pair;
    for (let n = 0; n < 4; n++) back.dict[`k${n}`] = n;
    for (let n = 0; n < 4; n++) back.dict[`k${n}`] = n + 1;
    await delay(30);
    expect(back.stats()).toMatchObject({ dirty: 4, flushes: 0 });

    back.dict['k4'] = 4;
    await until('they are in the store', () => back.stats().dirty === 0);
    await until('it rests', () => process.listenerCount('beforeExit') === 0);
  });

  it('flushes when half of maxDirty is reached, and refuses what is beyond it', async () => {
    await using pair = await openPair({ maxDirty: 10 });
    const { back, other } = pair;
    for (let n = 0; n < 10; n++) back.dict[`k${n}`] = n;
    expect(() => {
      back.dict['more'] = 1;
    }).toThrow(BackpressureError);
    back.dict['k0'] = 7;

    await until('everything is in the store', async () => (await other.size()) === 10);
    expect(await other.get('k0', { fresh: true })).toBe(7);
    back.dict['more'] = 1;
  });

  it('flushes a key that the cache has no room for', async () => {
    await using pair = await openPair({}, { cache: { maxItems: 2 } });
    const { back, other } = pair;
    await back.get('a');
    back.dict['a'] = 1;
    for (let n = 0; n < 5; n++) await back.get(`k${n}`);

    await until('it is in the store', async () => (await other.get('a', { fresh: true })) === 1);
    expect(await back.get('a')).toBe(1);
  });

  it('flushes before a read that asks the store, and before the end', async () => {
    await using pair = await openPair();
    const { back, other } = pair;
    back.dict['a'] = 1;
    expect(await back.get('a', { fresh: true })).toBe(1);
    expect(await other.get('a', { fresh: true })).toBe(1);
    back.dict['a'] = 2;
    await back[Symbol.asyncDispose]();

    expect(await other.get('a', { fresh: true })).toBe(2);
  });

  it('takes an edit during a flush for a new one, based on what the flush has brought', async () => {
    const hold = gate();
    let isHeld = true;
    const store = wrapStore((space) => ({
      async write(...args) {
        if (isHeld) await hold.pass();
        return space.write(...args);
      },
    }));
    await using pair = await openPair({}, { store });
    const { back, conflicts } = pair;
    back.dict['a'] = 1;
    const flushed = back.flush();
    await hold.reached;
    back.dict['a'] = 2;
    isHeld = false;
    hold.open();
    await flushed;
    expect(back.stats()).toMatchObject({ dirty: 1, flushes: 1 });

    await back.flush();
    expect(await back.get('a', { fresh: true })).toBe(2);
    expect(conflicts).toEqual([]);
  });

  it('lets an awaited write replace the edits before it, and keeps them when that fails', async () => {
    const control = unreliable();
    await using pair = await openPair({}, { store: control.store });
    const { back } = pair;
    back.dict['a'] = 1;
    control.fail = away;
    const set = back.set('a', 2).catch((error: unknown) => error);
    expect(await back.get('a')).toBe(2);
    expect(await set).toBeInstanceOf(UnavailableError);
    expect(await back.get('a')).toBe(1);

    control.fail = undefined;
    await back.set('a', 3);
    expect(back.stats()).toMatchObject({ dirty: 0, flushes: 0 });
    expect(await back.get('a', { fresh: true })).toBe(3);
  });

  it('tries again what failed in the background, and tells of it once each time that it begins', async () => {
    const control = unreliable();
    await using pair = await openPair({ flushInterval: 10 }, { store: control.store });
    const { back } = pair;
    const errors: unknown[] = [];
    back.on('error', (error) => errors.push(error));
    let failed = 0;
    control.fail = () => {
      failed++;
      return away();
    };
    back.dict['a'] = 1;
    await until('it was tried several times', () => failed >= 3);
    await expect(back.flush()).rejects.toThrow(FlushError);
    expect(await back.get('a')).toBe(1);
    control.fail = undefined;

    await until('it is in the store', async () => back.stats().dirty === 0);
    expect(errors).toHaveLength(1);
    await back.flush();
    control.fail = away;
    back.dict['a'] = 2;
    await until('it has failed again', () => errors.length === 2);
  });

  it('says at the end what did not reach the store', async () => {
    const control = unreliable();
    await using pair = await openPair({}, { store: control.store });
    const { back } = pair;
    control.fail = away;
    back.dict['a'] = 1;
    delete back.dict['b'];

    const error = (await back.close().catch((reason: unknown) => reason)) as FlushError;
    expect(error).toBeInstanceOf(FlushError);
    expect(error.errors.map((failure) => [failure.key, failure.error.name])).toEqual([
      ['a', 'UnavailableError'],
      ['b', 'UnavailableError'],
    ]);
  });

  it.each([null, 'behind', { mode: 'through' }, { mode: 'back', maxDirty: 0 }, { mode: 'back', flushInterval: 1 }])(
    'is not %p',
    async (write) => {
      const opened = openDict({ namespace: 'x', write: write as unknown as 'back' });
      await expect(opened).rejects.toThrow(ConfigError);
    },
  );
  it.each([
    { mode: 'back', onConflict: 'mine' },
    { mode: 'back', maxDirty: 1_000_001 },
    { mode: 'back', maxDirty: 1.5 },
    { mode: 'back', flushInterval: 2 ** 31 },
  ])('is not %p', async (write) => {
    const opened = openDict({ namespace: 'x', write: write as unknown as 'back' });
    await expect(opened).rejects.toThrow(ConfigError);
  });
});

describe('the options of write-back', () => {
  it.each<WriteBackMode>([
    { mode: 'back', maxDirty: 1, flushInterval: 10, onConflict: 'remote' },
    { mode: 'back', maxDirty: 1_000_000, flushInterval: 2 ** 31 - 1, onConflict: 'local' },
    { mode: 'back', onConflict: () => 1 },
  ])('may be %p', async (write) => {
    await using pair = await openPair(write);
    pair.back.dict['a'] = 1;
    await pair.back.flush();

    expect(pair.back.stats()).toMatchObject({ flushes: 1, bytesOut: 1 });
  });

  it('are named when they are misspelt', async () => {
    const write = { mode: 'back', interval: 5 } as unknown as WriteBackMode;
    await expect(openDict({ namespace: 'x', write })).rejects.toMatchObject({
      code: 'ERR_NEARDICT_CONFIG',
      message: expect.stringMatching(/'write\.interval'.*flushInterval/),
    });
  });
});

describe('a flush whose answer was lost', () => {
  it('recognises itself when it is sent again: it is not applied twice, and is no conflict', async () => {
    const control = unreliable();
    await using pair = await openPair({}, { store: control.store, timeout: 100 });
    const { back, other, conflicts } = pair;
    back.dict['a'] = 1;
    control.fail = async (write) => {
      await write();
      throw new AmbiguousWriteError('lost');
    };
    const error = (await back.flush().catch((reason: unknown) => reason)) as FlushError;
    expect(error.errors[0]?.error).toBeInstanceOf(AmbiguousWriteError);
    await other.set('a', 5);
    control.fail = undefined;

    await back.flush();
    expect(await other.get('a', { fresh: true })).toBe(5);
    expect(conflicts).toEqual([]);
    expect(back.stats()).toMatchObject({ dirty: 0, flushes: 1 });
  });

  it('holds back later edits until its end is known', async () => {
    const control = unreliable();
    await using pair = await openPair({}, { store: control.store, timeout: 100 });
    const { back, conflicts } = pair;
    back.dict['a'] = 1;
    control.fail = async () => {
      throw new AmbiguousWriteError('lost');
    };
    await expect(back.flush()).rejects.toThrow(FlushError);
    back.dict['a'] = 2;
    back.dict['b'] = 1;
    await expect(back.flush()).rejects.toThrow(FlushError);
    control.fail = undefined;

    await back.flush();
    expect(await back.snapshot()).toEqual({ a: 2, b: 1 });
    expect(conflicts).toEqual([]);
  });
});

describe('a mirror with write-back', () => {
  it('shows edits at once, and what others wrote when that has won a conflict', async () => {
    await using pair = await openPair();
    const { back, other } = pair;
    await other.set('a', 1);
    const { config } = await back.mirror();
    config['a'] = 2;
    await other.set('a', 5);
    await heard(back, other);
    expect([config['a'], back.stats().dirty]).toEqual([2, 1]);

    await back.flush();
    await until('the mirror shows it', () => config['a'] === 5);
    expect(pair.conflicts).toEqual([expect.objectContaining({ mine: 2, theirs: 5, resolution: 'remote' })]);
  });
});

describe('an awaited write with write-back', () => {
  it('goes through in one call with what belongs to it', async () => {
    const batches: number[] = [];
    const store = wrapStore(
      (space) => ({
        write(partition, batch, deadline) {
          batches.push(batch.sets.length);
          return space.write(partition, batch, deadline);
        },
      }),
      memoryStore(),
    );
    await using pair = await openPair({}, { store });
    pair.back.dict['a'] = 1;
    await pair.back.setMany({ a: 2, b: 3 });

    expect(batches).toEqual([2]);
    expect(pair.back.stats().dirty).toBe(0);
  });
});
