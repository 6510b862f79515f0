import { describe, expect, it } from '@jest/globals';
import {
  AmbiguousWriteError,
  CodecError,
  type Batch,
  ConfigError,
  ConflictError,
  KeyError,
  openDict,
  REMOVE,
  type Store,
  UnavailableError,
} from 'neardict';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { type Gate, gate, wrapStore } from '../support/wrapStore.ts';

interface Counts {
  n: number;
  m: number;
}

/** A store, and what was sent to it. */
function recordBatches(): { readonly store: Store; readonly batches: readonly Batch[] } {
  const batches: Batch[] = [];
  const store = wrapStore((space) => ({
    write(partition, batch, deadline) {
      batches.push(batch);
      return space.write(partition, batch, deadline);
    },
  }));
  return { store, batches };
}

/** A store whose writes wait at a gate. */
function holdWrites(): { readonly store: Store; readonly hold: Gate } {
  const hold = gate();
  const store = wrapStore((space) => ({
    async write(...args) {
      await hold.pass();
      return space.write(...args);
    },
  }));
  return { store, hold };
}

describe('set with ifVersion', () => {
  it('writes when the key has the version, and resolves the new one', async () => {
    await using handle = await openInMemory<Counts>();
    const version = await handle.set('n', 1);

    const next = await handle.set('n', 2, { ifVersion: version });

    expect(await handle.getEntry('n')).toEqual({ value: 2, version: next, expiresAt: undefined });
  });

  it('rejects with the version that the key has when that is another', async () => {
    await using handle = await openInMemory<Counts>();
    const old = await handle.set('n', 1);
    const version = await handle.set('n', 2);

    const error = await handle.set('n', 3, { ifVersion: old }).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ code: 'ERR_NEARDICT_CONFLICT', key: 'n', version });
    expect(Object.keys(error as object)).not.toContain('key');
    expect(await handle.get('n')).toBe(2);
  });

  it('writes with null only what is missing', async () => {
    await using handle = await openInMemory<Counts>();

    await handle.set('n', 1, { ifVersion: null });
    await expect(handle.set('n', 2, { ifVersion: null })).rejects.toThrow(ConflictError);
    await handle.delete('n');
    await expect(handle.set('n', 3, { ifVersion: 'a'.repeat(40) })).rejects.toMatchObject({ version: null });

    expect(await handle.has('n')).toBe(false);
  });

  it('compares with what assignments before it have written', async () => {
    await using handle = await openInMemory<Counts>();
    const version = await handle.set('n', 1);
    handle.dict.n = 2;

    await expect(handle.set('n', 3, { ifVersion: version })).rejects.toThrow(ConflictError);
  });

  it('refuses what is no version', async () => {
    await using handle = await openInMemory<Counts>();

    await expect(handle.set('n', 1, { ifVersion: 1 as unknown as string })).rejects.toThrow(ConfigError);
  });

  it('can be given up, and says that it may have been sent', async () => {
    const { store, hold } = holdWrites();
    await using handle = await openInMemory<Counts>({ store });
    const abort = new AbortController();
    const set = handle.set('n', 1, { ifVersion: null, signal: abort.signal });
    await hold.reached;

    abort.abort();

    await expect(set).rejects.toThrow(AmbiguousWriteError);
    hold.open();
  });
});

describe('update', () => {
  it('changes a value by what it is, and resolves the new one', async () => {
    await using handle = await openInMemory<Counts>();

    expect(await handle.update('n', (n = 0) => n + 1)).toBe(1);
    expect(await handle.update('n', async (n = 0) => n + 1)).toBe(2);
    expect(await handle.get('n', { fresh: true })).toBe(2);
  });

  it('loses nothing when many do it at once, in one handle and in several', async () => {
    const namespace = freshNamespace();
    await using one = await openDict<Counts>({ namespace });
    await using two = await openDict<Counts>({ namespace });

    await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? one : two).update('n', (n = 0) => n + 1)),
    );

    expect(await one.get('n', { fresh: true })).toBe(100);
  });

  it('comes behind what was assigned before it', async () => {
    await using handle = await openInMemory<Counts>();
    handle.dict.n = 5;

    expect(await handle.update('n', (n = 0) => n + 1)).toBe(6);
  });

  it('calls again with the newer value when somebody was faster', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Counts>({ namespace });
    await using there = await openDict<Counts>({ namespace });
    await here.set('n', 1);
    const seen: unknown[] = [];

    await here.update('n', async (n = 0) => {
      seen.push(n);
      if (n === 1) await there.set('n', 10);
      return n + 1;
    });

    expect(seen).toEqual([1, 10]);
    expect(await there.get('n', { fresh: true })).toBe(11);
  });

  it('ends with ConflictError when others stay faster', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Counts>({ namespace, timeout: 200 });
    await using there = await openDict<Counts>({ namespace });

    const update = here.update('n', async (n = 0) => {
      await there.set('n', n + 10);
      return -1;
    });

    await expect(update).rejects.toMatchObject({ code: 'ERR_NEARDICT_CONFLICT', key: 'n' });
    expect(await there.get('n', { fresh: true })).toBeGreaterThan(0);
  });

  it('waits for the updates of the key before it, also for one that began while another was under way', async () => {
    const { store, batches } = recordBatches();
    await using handle = await openInMemory<Counts>({ store });
    const hold = gate();
    const first = handle.update('n', () => 1);
    const second = handle.update('n', async (n = 0) => {
      await hold.pass();
      return n + 10;
    });
    await Promise.all([first, hold.reached]);
    await turn();
    const third = handle.update('n', (n = 0) => n + 100);
    await turn();
    hold.open();

    expect(await Promise.all([second, third])).toEqual([11, 111]);
    expect(batches).toHaveLength(3);
  });

  it('begins with what is stored when no other is under way', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Counts>({ namespace });
    await using there = await openDict<Counts>({ namespace });
    await here.update('n', () => 1);
    await there.set('n', 10);
    await turn();
    const seen: unknown[] = [];
    await here.update('n', (n = 0) => {
      seen.push(n);
      return n + 1;
    });

    expect(seen).toEqual([10]);
  });

  it('sends nothing when it changes nothing', async () => {
    const { store, batches } = recordBatches();
    await using handle = await openInMemory<Counts>({ store });
    await handle.update('n', () => REMOVE);
    await handle.update(['n', 'm'], () => ({}));

    expect(batches).toEqual([]);
  });

  it('deletes with REMOVE, also what is missing already', async () => {
    await using handle = await openInMemory<Counts>();
    await handle.set('n', 1);

    expect(await handle.update('n', () => REMOVE)).toBeUndefined();
    expect(await handle.update('n', () => REMOVE)).toBeUndefined();

    expect(await handle.has('n')).toBe(false);
  });

  it('refuses undefined, which a forgotten return leaves', async () => {
    await using handle = await openInMemory<Counts>();
    await handle.set('n', 1);

    const update = handle.update('n', () => undefined as unknown as number);

    await expect(update).rejects.toMatchObject({
      code: 'ERR_NEARDICT_CODEC',
      message: expect.stringMatching(/REMOVE/),
    });
    expect(await handle.get('n')).toBe(1);
  });

  it('passes on what the function throws, writes nothing, and lets the next one go on', async () => {
    await using handle = await openInMemory<Counts>();
    await handle.set('n', 1);
    const failure = new Error('no');

    const [first, second] = await Promise.allSettled([
      handle.update('n', () => {
        throw failure;
      }),
      handle.update('n', (n = 0) => n + 1),
    ]);

    expect(first).toEqual({ status: 'rejected', reason: failure });
    expect(second).toEqual({ status: 'fulfilled', value: 2 });
  });

  it('decides not to write by what is stored, not by what an earlier update has left', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Counts>({ namespace });
    await using there = await openDict<Counts>({ namespace });
    const limit = (n = 0): number => {
      if (n >= 2) throw new RangeError('limit');
      return n + 1;
    };
    const first = here.update('n', limit);
    const second = here.update('n', limit);
    const third = first.then(async () => {
      await there.update('n', () => REMOVE);
    });
    await Promise.all([first, second, third]);

    expect(await here.update('n', limit)).toBeLessThanOrEqual(2);
  });

  it('does not wait for ever for a function that does not end', async () => {
    await using handle = await openInMemory<Counts>({ timeout: 50 });

    const stuck = handle.update('n', () => new Promise<number>(() => {}));

    await expect(stuck).rejects.toThrow(UnavailableError);
    expect(await handle.update('n', () => 1)).toBe(1);
  });

  it('can be given up when it was sent, and says that it may have happened', async () => {
    const { store, hold } = holdWrites();
    await using handle = await openInMemory<Counts>({ store });
    const abort = new AbortController();
    const update = handle.update('n', () => 1, { signal: abort.signal });
    await hold.reached;

    abort.abort(new Error('enough'));

    await expect(update).rejects.toThrow(AmbiguousWriteError);
    hold.open();
  });

  it.each([undefined, null, 5, 'text'])('of several keys refuses a function that returns %p', async (result) => {
    await using handle = await openInMemory<Counts>();
    await handle.set('n', 1);

    const update = handle.update(['n'], () => result as never);

    await expect(update).rejects.toThrow(CodecError);
    await expect(update).rejects.toThrow('must return an object');
    expect(await handle.snapshot()).toEqual({ n: 1 });
  });

  it('can be given up before it has written, while it waits for its turn, too', async () => {
    await using handle = await openInMemory<Counts>();
    const hold = gate();
    const abort = new AbortController();
    const first = handle.update('n', async () => {
      await hold.pass();
      return 1;
    });
    await hold.reached;
    const second = handle.update('n', () => 2, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');

    hold.open();
    await first;
    await turn();
    expect(await handle.get('n', { fresh: true })).toBe(1);
  });

  it('checks keys and times to live first', async () => {
    await using handle = await openInMemory();
    const untouched = (): never => {
      throw new Error('called');
    };

    await expect(handle.update('', untouched)).rejects.toThrow(KeyError);
    await expect(handle.update(['a', ''], untouched)).rejects.toThrow(KeyError);
    await expect(handle.update('a', untouched, { ttl: 0 })).rejects.toThrow(ConfigError);
  });
});

describe('update of several keys', () => {
  it('changes them in one step, and leaves alone what is not returned', async () => {
    await using handle = await openInMemory<Counts & { log: string }>();
    await handle.setMany({ n: 5, log: 'stays' });

    const moved = await handle.update(['n', 'm', 'log'], ({ n = 0, m = 0 }) => ({ n: n - 2, m: m + 2 }));

    expect(moved).toEqual({ n: 3, m: 2, log: 'stays' });
    expect(await handle.snapshot()).toEqual(moved);
  });

  it('keeps what they are together, whoever moves it', async () => {
    const namespace = freshNamespace();
    await using one = await openDict<Counts>({ namespace });
    await using two = await openDict<Counts>({ namespace });
    await one.setMany({ n: 50, m: 50 });

    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        (index % 2 === 0 ? one : two).update(['n', 'm'], ({ n = 0, m = 0 }) =>
          index % 3 === 0 ? { n: n - 3, m: m + 3 } : { n: n + 1, m: m - 1 },
        ),
      ),
    );

    const { n = 0, m = 0 } = await one.snapshot();
    expect([n, m]).toEqual([40, 60]);
  });

  it('calls again with what others have changed, and with what they have not', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Counts>({ namespace });
    await using there = await openDict<Counts>({ namespace });
    await here.setMany({ n: 1, m: 2 });
    const seen: unknown[] = [];
    await here.update(['n', 'm'], async ({ n = 0, m = 0 }) => {
      seen.push([n, m]);
      if (seen.length === 1) await there.set('n', 10);
      return { n: n + 1, m: m + 1 };
    });

    expect(seen).toEqual([
      [1, 2],
      [10, 2],
    ]);
    expect(await there.snapshot()).toEqual({ n: 11, m: 3 });
  });

  it('is refused for a key that was not given, and for keys of several partitions', async () => {
    await using handle = await openInMemory<Counts>({ partitions: 2, partitionBy: (key) => key });

    await expect(handle.update(['n'], () => ({ m: 1 }) as unknown as { n: number })).rejects.toMatchObject({
      code: 'ERR_NEARDICT_CODEC',
    });
    const spread = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as string[] as ('n' | 'm')[];
    await expect(
      handle.update(spread, () => Object.fromEntries(spread.map((key) => [key, 1])) as unknown as Counts),
    ).rejects.toThrow(KeyError);
  });
});

describe('getOrSet', () => {
  it('makes a missing value, stores it, and makes it once', async () => {
    await using handle = await openInMemory<Counts>();
    let made = 0;
    const make = (): number => ++made;

    const values = await Promise.all(Array.from({ length: 50 }, () => handle.getOrSet('n', make)));
    values.push(await handle.getOrSet('n', make));

    expect(new Set(values)).toEqual(new Set([1]));
    expect(made).toBe(1);
    expect(await handle.get('n', { fresh: true })).toBe(1);
  });

  it('takes null for a value', async () => {
    await using handle = await openInMemory<{ a: null | number }>();
    await handle.set('a', null);

    expect(await handle.getOrSet('a', () => 1)).toBeNull();
  });

  it('gives everybody what the first process has stored', async () => {
    const namespace = freshNamespace();
    const handles = await Promise.all(Array.from({ length: 5 }, () => openDict<Counts>({ namespace })));

    const values = await Promise.all(handles.map((handle, index) => handle.getOrSet('n', () => index)));

    expect(new Set(values).size).toBe(1);
    for (const handle of handles) await handle.close();
  });

  it('gives what others have stored while the value was made', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Counts>({ namespace });
    await using there = await openDict<Counts>({ namespace });
    const value = await here.getOrSet('n', async () => {
      await there.set('n', 10);
      return 1;
    });

    expect(value).toBe(10);
  });

  it('keeps nothing of a failure: all who wait hear of it, and the next one tries again', async () => {
    await using handle = await openInMemory<Counts>();
    const failing = (): never => {
      throw new Error('no');
    };

    const failed = await Promise.allSettled([handle.getOrSet('n', failing), handle.getOrSet('n', failing)]);

    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await handle.getOrSet('n', () => 1)).toBe(1);
  });

  it('lets one who waits go without disturbing the others', async () => {
    await using handle = await openInMemory<Counts>();
    const hold = gate();
    const abort = new AbortController();
    const make = async (): Promise<number> => {
      await hold.pass();
      return 1;
    };
    const first = handle.getOrSet('n', make, { signal: abort.signal });
    await hold.reached;
    const second = handle.getOrSet('n', make);
    abort.abort(new Error('enough'));

    await expect(first).rejects.toThrow('enough');
    hold.open();
    expect(await second).toBe(1);
  });
});
