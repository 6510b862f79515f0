import { describe, expect, it } from '@jest/globals';
import { ConflictError, REMOVE, UnavailableError } from 'neardict';
import { type Numbers, openPair, type Pair } from '../support/writeBackPair.ts';
import { gate, wrapStore } from '../support/wrapStore.ts';

describe('an edit of a key of which an awaited write is under way', () => {
  /** A pair that knows the key, with the gate that its next write waits at. */
  async function openHeld(): Promise<Pair & { readonly hold: ReturnType<typeof gate> }> {
    const hold = gate();
    const store = wrapStore((space) => ({
      async write(...args) {
        await hold.pass();
        return space.write(...args);
      },
    }));
    const pair = await openPair({}, { store });
    await pair.other.set('a', 5);
    await pair.back.get('a');
    return { ...pair, hold };
  }

  /** Flushes, and resolves what the store holds then. */
  async function flushed({ back, other }: Pair): Promise<number | undefined> {
    await back.flush();
    return other.get('a', { fresh: true });
  }

  it.each<readonly [string, (back: Numbers) => Promise<unknown>]>([
    ['a set', (back) => back.set('a', 6)],
    ['an update', (back) => back.update('a', (n = 0) => n + 1)],
    ['an update that deletes', (back) => back.update('a', () => REMOVE)],
    ['a clear', (back) => back.clear()],
  ])('is based on what that leaves: %s', async (_, write) => {
    await using pair = await openHeld();
    const written = write(pair.back);
    await pair.hold.reached;
    pair.back.dict['a'] = 7;
    pair.hold.open();
    await written;

    expect(await flushed(pair)).toBe(7);
    expect(pair.conflicts).toEqual([]);
  });

  it('is based on what it was when that is not applied', async () => {
    await using pair = await openHeld();
    const set = pair.back.set('a', 6, { ifVersion: null });
    await pair.hold.reached;
    pair.back.dict['a'] = 7;
    pair.hold.open();
    await expect(set).rejects.toThrow(ConflictError);

    expect(await flushed(pair)).toBe(7);
    expect(pair.conflicts).toEqual([]);
  });

  it('is based on the last of several', async () => {
    await using pair = await openHeld();
    const written = [pair.back.update('a', (n = 0) => n + 1)];
    await pair.hold.reached;
    const set = pair.back.set('a', 8);
    pair.back.dict['a'] = 9;
    pair.hold.open();
    await Promise.all([...written, set]);

    expect(await flushed(pair)).toBe(9);
    expect(pair.conflicts).toEqual([]);
  });

  it('is based on what has landed, also when a later one fails that would have replaced it', async () => {
    const hold = gate();
    const store = wrapStore((space) => ({
      async write(partition, batch, deadline) {
        if (batch.conditions === undefined) throw new UnavailableError('away');
        await hold.pass();
        return space.write(partition, batch, deadline);
      },
    }));
    await using pair = await openPair({}, { store });
    const { back } = pair;
    await back.get('a');
    const update = back.update('a', () => 1);
    await hold.reached;
    back.dict['a'] = 7;
    const set = back.set('a', 8);
    hold.open();
    await expect(set).rejects.toThrow(UnavailableError);
    await update;

    expect(await flushed(pair)).toBe(7);
    expect(pair.conflicts).toEqual([]);
  });

  it('is what is left when an awaited write is given up before it was sent', async () => {
    await using pair = await openHeld();
    const { back, hold } = pair;
    const first = back.set('b', 0);
    await hold.reached;
    back.dict['a'] = 7;
    const abort = new AbortController();
    const set = back.set('a', 8, { signal: abort.signal });
    expect(back.peek('a')).toBe(8);
    abort.abort(new Error('enough'));
    await expect(set).rejects.toThrow('enough');
    expect(back.peek('a')).toBe(7);
    hold.open();
    await first;

    expect(await flushed(pair)).toBe(7);
    expect(pair.conflicts).toEqual([]);
  });

  it('tells a delete that comes behind whether it left the key there', async () => {
    await using pair = await openPair();
    const { back, other } = pair;
    back.dict['a'] = 1;
    const deletes = [back.delete('a'), back.delete('a')];
    expect(await Promise.all(deletes)).toEqual([true, false]);

    await other.set('b', 1);
    delete back.dict['b'];
    expect(await back.delete('b')).toBe(false);
  });
});
