import { describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, FlushError, UnavailableError } from 'neardict';
import { turn } from '../support/openInMemory.ts';
import { away, openPair, unreliable } from '../support/writeBackPair.ts';
import { gate, recordReads, wrapStore } from '../support/wrapStore.ts';

/** The keys that a flush could not bring to the store, each with the name of the reason. */
async function failures(flushed: Promise<void>): Promise<string[]> {
  const error = (await flushed.catch((reason: unknown) => reason)) as FlushError;
  expect(error).toBeInstanceOf(FlushError);
  return error.errors.map((failure) => `${failure.key} ${failure.error.name}`);
}

describe('a flush', () => {
  it('reads what an edit is based on only if it was not in memory, and once', async () => {
    const hold = gate();
    const { store, reads } = recordReads(
      wrapStore((space) => ({
        async read(partition, keys, deadline) {
          if (keys.includes('unknown')) await hold.pass();
          return space.read(partition, keys, deadline);
        },
      })),
    );
    await using pair = await openPair({}, { store });
    const { back } = pair;
    await back.get('known');
    back.dict['known'] = 1;
    back.dict['unknown'] = 1;
    await hold.reached;
    const flushed = back.flush();
    hold.open();
    await flushed;

    expect(reads).toEqual([['known'], ['unknown']]);
  });

  it('brings no other key than that which is read', async () => {
    await using pair = await openPair();
    const { back, other } = pair;
    back.dict['a'] = 1;
    back.dict['b'] = 1;
    await back.get('a', { fresh: true });

    expect(back.stats()).toMatchObject({ dirty: 1, flushes: 1 });
    expect([await other.has('a'), await other.has('b')]).toEqual([true, false]);
  });

  it('gives the deletes to a store that is full, without which it stays full', async () => {
    await using pair = await openPair({}, { store: fullFor((sets) => sets > 0) });
    const { back, other } = pair;
    await other.set('b', 1);
    back.dict['a'] = 1;
    delete back.dict['b'];
    expect(await failures(back.flush())).toEqual(['a UnavailableError']);

    expect([back.stats().dirty, await other.has('b')]).toEqual([1, false]);
  });

  it('ends when a full store takes no deletes either', async () => {
    await using pair = await openPair({}, { store: fullFor(() => true) });
    pair.back.dict['a'] = 1;
    delete pair.back.dict['b'];

    expect(await failures(pair.back.flush())).toEqual(['a UnavailableError', 'b UnavailableError']);
  });

  it('tries nothing twice with a store that is away', async () => {
    const control = unreliable();
    await using pair = await openPair({}, { store: control.store });
    let tries = 0;
    control.fail = () => {
      tries++;
      return away();
    };
    pair.back.dict['a'] = 1;
    delete pair.back.dict['b'];
    expect(await failures(pair.back.flush())).toEqual(['a UnavailableError', 'b UnavailableError']);

    expect(tries).toBe(1);
  });

  it('gives up a key that keeps changing when its time is over', async () => {
    let change = async (): Promise<unknown> => undefined;
    const store = wrapStore((space) => ({
      async write(...args) {
        await change();
        return space.write(...args);
      },
    }));
    await using pair = await openPair({ onConflict: 'local' }, { store, timeout: 300 });
    const { back, other, conflicts } = pair;
    await back.get('a');
    back.dict['a'] = -1;
    let n = 0;
    change = () => other.set('a', ++n);
    expect(await failures(back.flush())).toEqual(['a ConflictError']);
    expect(conflicts.length).toBe(n);

    change = async () => undefined;
    await back.flush();
    expect(await other.get('a', { fresh: true })).toBe(-1);
  });

  it('has not failed with an edit that an awaited write has replaced meanwhile', async () => {
    const hold = gate();
    const store = wrapStore(() => ({
      async read() {
        await hold.pass();
        throw new UnavailableError('away');
      },
    }));
    await using pair = await openPair({}, { store });
    const { back } = pair;
    back.dict['a'] = 1;
    const flushed = back.flush();
    await hold.reached;
    await back.set('a', 2);
    hold.open();

    await flushed;
    expect(back.stats()).toMatchObject({ dirty: 0, flushes: 0 });
  });

  it('is in no conflict with an edit that an awaited write is about to replace', async () => {
    const [flight, set] = [gate(), gate()];
    const store = wrapStore((space) => ({
      async write(partition, batch, deadline) {
        await (batch.conditions === undefined ? set : flight).pass();
        return space.write(partition, batch, deadline);
      },
    }));
    await using pair = await openPair({}, { store });
    const { back, other, conflicts } = pair;
    await back.get('a');
    back.dict['a'] = 1;
    await other.set('a', 5);
    const flushed = back.flush();
    await flight.reached;
    const replaced = back.set('a', 2);
    flight.open();
    await set.reached;
    await turn();
    set.open();
    await Promise.all([flushed, replaced]);

    expect(conflicts).toEqual([]);
    expect(await other.get('a', { fresh: true })).toBe(2);
  });

  it('comes behind awaited writes, too', async () => {
    const hold = gate();
    const store = wrapStore((space) => ({
      async write(...args) {
        await hold.pass();
        return space.write(...args);
      },
    }));
    await using pair = await openPair({}, { store });
    const heard: string[] = [];
    const set = pair.back.set('a', 1).then(() => heard.push('set'));
    await hold.reached;
    const flushed = pair.back.flush().then(() => heard.push('flush'));
    hold.open();
    await Promise.all([set, flushed]);

    expect(heard).toEqual(['set', 'flush']);
  });

  it('that may have arrived is told apart at the end from what was never sent', async () => {
    const control = unreliable();
    await using pair = await openPair({}, { store: control.store, timeout: 300 });
    const { back } = pair;
    back.dict['a'] = 1;
    control.fail = async () => {
      throw new AmbiguousWriteError('lost');
    };
    await failures(back.flush());
    control.fail = away;
    back.dict['b'] = 1;
    expect(await failures(back.flush())).toEqual(['a UnavailableError', 'b UnavailableError']);

    expect(await failures(back.close())).toEqual(['a AmbiguousWriteError', 'b UnavailableError']);
  });

  function fullFor(isRefused: (sets: number) => boolean): ReturnType<typeof wrapStore> {
    return wrapStore((space) => ({
      async write(partition, batch, deadline) {
        const isFlush = batch.conditions !== undefined;
        if (isFlush && isRefused(batch.sets.length)) throw new UnavailableError('It is full.', { isFull: true });
        return space.write(partition, batch, deadline);
      },
    }));
  }
});
