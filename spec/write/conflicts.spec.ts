import { describe, expect, it } from '@jest/globals';
import { ConflictError, FlushError, REMOVE, UnavailableError } from 'neardict';
import { until } from '../support/until.ts';
import { heard, type Numbers, openPair, type Pair } from '../support/writeBackPair.ts';
import { gate } from '../support/wrapStore.ts';

describe('a conflict', () => {
  /** What others do to the key, and what it holds then. */
  const changes: readonly (readonly [string, (other: Numbers) => Promise<unknown>, number | undefined])[] = [
    ['updated', (other) => other.set('a', 5), 5],
    ['deleted', (other) => other.delete('a'), undefined],
    ['cleared', (other) => other.clear(), undefined],
    [
      'expired',
      async (other) => {
        await other.set('a', 1, { ttl: 20 });
        await until('it is gone', async () => (await other.getEntry('a')) === undefined);
      },
      undefined,
    ],
  ];

  async function edited(pair: Pair, change: (other: Numbers) => Promise<unknown>): Promise<void> {
    const { back, other } = pair;
    await other.set('a', 1);
    expect(await back.get('a')).toBe(1);
    back.dict['a'] = 2;
    await change(other);
    expect(await back.get('a')).toBe(2);
  }

  it.each(changes)('with a key that was %s: theirs stays by default', async (_, change, theirs) => {
    await using pair = await openPair();
    await edited(pair, change);
    await pair.back.flush();

    expect(await pair.back.get('a')).toBe(theirs);
    expect(await pair.other.get('a', { fresh: true })).toBe(theirs);
    expect(pair.conflicts).toEqual([{ key: 'a', base: 1, mine: 2, theirs, resolution: 'remote', result: theirs }]);
  });

  it.each(changes)("with a key that was %s: mine is written by 'local'", async (_, change, theirs) => {
    await using pair = await openPair({ onConflict: 'local' });
    await edited(pair, change);
    await pair.back.flush();

    expect(await pair.other.get('a', { fresh: true })).toBe(2);
    expect(pair.conflicts).toEqual([{ key: 'a', base: 1, mine: 2, theirs, resolution: 'local', result: 2 }]);
  });

  it.each(changes)('with a key that was %s: both are merged', async (_, change, theirs) => {
    const onConflict = async (base = 0, mine = 0, other = 0): Promise<number> => other + mine - base;
    await using pair = await openPair({ onConflict });
    await edited(pair, change);
    await pair.back.flush();

    const result = (theirs ?? 0) + 1;
    expect(await pair.other.get('a', { fresh: true })).toBe(result);
    expect(await pair.back.get('a')).toBe(result);
    expect(pair.conflicts).toEqual([{ key: 'a', base: 1, mine: 2, theirs, resolution: 'merged', result }]);
    expect(pair.back.stats().conflicts).toBe(1);
  });

  it('is seen also when the message of the change has arrived, or will never', async () => {
    await using pair = await openPair();
    await edited(pair, async (other) => {
      await other.set('a', 5);
      await heard(pair.back, other);
    });
    await pair.back.flush();

    expect(pair.conflicts).toHaveLength(1);
    expect(await pair.back.get('a')).toBe(5);
  });

  it('is seen of a key that was not in memory: the edit is based on what the store held then', async () => {
    await using pair = await openPair();
    const { back, other } = pair;
    await other.set('a', 1);
    back.dict['a'] = 2;
    await until('the base is known', () => back.stats().bytesIn > 0);
    await other.set('a', 5);
    await back.flush();

    expect(pair.conflicts).toEqual([expect.objectContaining({ base: 1, mine: 2, theirs: 5 })]);
  });

  it('is one also when both have written the same: a counter was raised twice', async () => {
    await using pair = await openPair({ onConflict: (base = 0, mine = 0, theirs = 0) => theirs + mine - base });
    await edited(pair, (other) => other.set('a', 2));
    await pair.back.flush();

    expect(await pair.other.get('a', { fresh: true })).toBe(3);
    expect(pair.conflicts).toHaveLength(1);
  });

  it('is none with what this process has written itself meanwhile', async () => {
    await using pair = await openPair();
    const { back } = pair;
    await back.set('a', 1);
    const update = back.update('a', async (n = 0) => {
      back.dict['a'] = 10;
      return n + 1;
    });
    await update;
    await back.flush();
    const set = back.set('a', 20);
    back.dict['a'] = 21;
    await set;
    await back.flush();

    expect(pair.conflicts).toEqual([]);
    expect(await back.get('a', { fresh: true })).toBe(21);
  });

  it('is merged again when the key is edited meanwhile', async () => {
    const hold = gate();
    const seen: unknown[] = [];
    const onConflict = async (base = 0, mine = 0, theirs = 0): Promise<number> => {
      seen.push(mine);
      if (seen.length === 1) await hold.pass();
      return theirs + mine - base;
    };
    await using pair = await openPair({ onConflict });
    await edited(pair, (other) => other.set('a', 5));
    const flushed = pair.back.flush();
    await hold.reached;
    pair.back.dict['a'] = 4;
    hold.open();
    await flushed;

    expect(seen).toEqual([2, 4]);
    expect(await pair.other.get('a', { fresh: true })).toBe(8);
    expect(pair.conflicts).toHaveLength(1);
  });

  it('may be merged into nothing', async () => {
    await using pair = await openPair({ onConflict: () => REMOVE });
    await edited(pair, (other) => other.set('a', 5));
    await pair.back.flush();

    expect(await pair.other.getEntry('a')).toBeUndefined();
    expect(pair.conflicts).toEqual([expect.objectContaining({ resolution: 'merged', result: undefined })]);
  });

  it('stays one when merging fails: the edit is kept, and the flush says why', async () => {
    let merge = (): number => {
      throw new Error('no');
    };
    await using pair = await openPair({ onConflict: () => merge() });
    await edited(pair, (other) => other.set('a', 5));
    const error = (await pair.back.flush().catch((reason: unknown) => reason)) as FlushError;
    expect(error.errors[0]).toMatchObject({
      key: 'a',
      error: { code: 'ERR_NEARDICT_CONFLICT', cause: new Error('no') },
    });
    expect(await pair.back.get('a')).toBe(2);
    merge = () => 7;

    await pair.back.flush();
    expect(await pair.other.get('a', { fresh: true })).toBe(7);
  });

  it('stays one when merging does not end', async () => {
    await using pair = await openPair({ onConflict: () => new Promise<never>(() => {}) }, { timeout: 500 });
    await edited(pair, (other) => other.set('a', 5));
    const error = (await pair.back.flush().catch((reason: unknown) => reason)) as FlushError;

    expect(error.errors[0]?.error).toBeInstanceOf(UnavailableError);
    expect(await pair.back.get('a')).toBe(2);
  });

  it('stays one when the key is edited during each of ten merges', async () => {
    let edit = 2;
    const onConflict = (): number => {
      if (edit < 100) pair.back.dict['a'] = ++edit;
      return 0;
    };
    await using pair = await openPair({ onConflict });
    await edited(pair, (other) => other.set('a', 5));
    const error = (await pair.back.flush().catch((reason: unknown) => reason)) as FlushError;

    expect(error.errors[0]?.error).toBeInstanceOf(ConflictError);
    expect(await pair.back.get('a')).toBe(12);
    edit = 100;
  });

  it('is none any more when an awaited write has replaced the edit during a merge', async () => {
    const hold = gate();
    const onConflict = async (): Promise<number> => {
      await hold.pass();
      return 7;
    };
    await using pair = await openPair({ onConflict });
    await edited(pair, (other) => other.set('a', 5));
    const flushed = pair.back.flush();
    await hold.reached;
    await pair.back.set('a', 9);
    hold.open();
    await flushed;

    expect(pair.conflicts).toEqual([]);
    expect(await pair.other.get('a', { fresh: true })).toBe(9);
  });

  it('of one key lets the other keys of the flush through', async () => {
    await using pair = await openPair();
    await edited(pair, (other) => other.set('a', 5));
    for (let n = 0; n < 20; n++) pair.back.dict[`k${n}`] = n;
    await pair.back.flush();

    expect(await pair.other.size()).toBe(21);
    expect(pair.conflicts).toHaveLength(1);
  });

  it('is told of by a change event of the key, which was held back while the edit was in front of it', async () => {
    await using pair = await openPair();
    const { back, other } = pair;
    const told: unknown[] = [];
    back.on('change', (change) => told.push(change));
    await edited(pair, (each) => each.set('a', 5));
    await heard(back, other);
    told.length = 0;
    await back.flush();

    expect(told).toEqual([expect.objectContaining({ type: 'set', key: 'a', local: false })]);
  });
});
