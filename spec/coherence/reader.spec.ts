import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, openDict, UnavailableError } from 'neardict';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import { Reader } from '../../lib/coherence/reader.ts';
import { batch, bytes, text } from '../../lib/testing/contract/batches.ts';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { SimulatedServer, SimulatedSpace } from '../support/simulatedStore.ts';

describe('a read that has failed', () => {
  it('is not joined by later readers while a walk has its key under way', async () => {
    const namespace = freshNamespace();
    await using writer = await openInMemory<{ a: number }>({ namespace });
    await writer.set('a', 1);
    const store = memoryStore();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const calls: string[] = [];
    await using handle = await openDict<{ a: number }>({
      namespace,
      store: {
        name: store.name,
        defaultPartitions: store.defaultPartitions,
        async open(...args) {
          const space = await store.open(...args);
          const read = space.read.bind(space);
          jest
            .spyOn(space, 'read')
            .mockImplementationOnce(async (...asked) => {
              calls.push('walk');
              await held;
              return read(...asked);
            })
            .mockRejectedValueOnce(new UnavailableError('for a moment'));
          return space;
        },
      },
    });

    const walk = handle.snapshot();
    for (let turns = 0; calls.length === 0 && turns < 1000; turns++) await turn();
    expect(calls).toEqual(['walk']);
    await expect(handle.get('a')).rejects.toThrow('for a moment');

    expect(await handle.get('a')).toBe(1);
    release();
    expect(await walk).toEqual({ a: 1 });
  });
});

const MAX_STALENESS_MS = 5000;

describe('reads of a partition', () => {
  let now: number;
  let space: SimulatedSpace;
  let cache: NearCache;
  let partition: Partition;
  let reader: Reader;
  let write: (...sets: (readonly [key: string, value: string])[]) => void;
  /** The keys of each command. */
  let asked: (readonly string[])[];

  /** The partition is followed; the store holds `a` and `b`. */
  beforeEach(async () => {
    now = 1000;
    const server = new SimulatedServer({ applied() {}, rolledBack() {} }, () => true);
    space = new SimulatedSpace(server, 1);
    const writer = new SimulatedSpace(server, 2);
    write = (...sets) => {
      server.write(batch({ sets: sets.map(([key, value]) => [key, bytes(value)]) }), writer);
    };
    write(['a', 'a1'], ['b', 'b1']);
    cache = new NearCache(100, 600_000);
    partition = new Partition(
      cache,
      {
        now: () => now,
        requestReading() {},
        distrustFeed() {},
        repaired() {},
        isPending: () => false,
        owns: () => true,
        changes: { isListening: false, changed() {}, cleared() {}, resynced() {}, syncChanged() {} },
      },
      { maxStalenessMs: MAX_STALENESS_MS, lossPatienceMs: 2500 },
      1,
    );
    await space.follow(0, partition);
    space.deliver();
    partition.reading(server.position, partition.depart());
    asked = [];
    const read = space.read.bind(space);
    jest.spyOn(space, 'read').mockImplementation((id, keys, deadline) => {
      asked.push(keys);
      return read(id, keys, deadline);
    });
    reader = new Reader(space, 0, partition, 60_000, (_key, entry) => text(entry.bytes));
  });

  /** What is cached of the keys. */
  function cached(...keys: string[]): (string | undefined)[] {
    return keys.map((key) => text(cache.find(key, partition.era)?.bytes));
  }

  async function answer(): Promise<void> {
    await turn();
    while (space.canExecute) space.execute();
    while (space.canReply) space.reply();
    await turn();
  }

  it('of one tick are one command, those of one key one of its keys', async () => {
    const reads = [reader.read('a'), reader.read('none'), reader.read('a')];
    await answer();

    expect(await Promise.all(reads)).toEqual(['a1', undefined, 'a1']);
    expect(asked).toEqual([['a', 'none']]);
    expect([reader.misses, reader.bytesIn]).toEqual([2, 2]);
    expect([partition.isCached('a'), partition.isCached('none')]).toEqual([true, true]);
  });

  it('of more keys than one reply should bring are several', async () => {
    const reads = Array.from({ length: 1500 }, (_, index) => reader.read(`key ${index}`));
    await answer();
    await Promise.all(reads);

    expect(asked.map(({ length }) => length)).toEqual([1024, 476]);
  });

  it('join one that is under way while its reply will be young enough', async () => {
    const first = reader.read('a');
    await turn();
    now += MAX_STALENESS_MS;
    const second = reader.read('a');
    await turn();
    expect(asked).toEqual([['a']]);
    now++;
    const third = reader.read('a');
    await answer();

    expect(await Promise.all([first, second, third])).toEqual(['a1', 'a1', 'a1']);
    expect(asked).toEqual([['a'], ['a']]);
  });

  it('do not join one that was overtaken by a message', async () => {
    const first = reader.read('a');
    await turn();
    space.execute();
    write(['a', 'a2']);
    space.deliver();
    const second = reader.read('a');
    await answer();

    expect(await Promise.all([first, second])).toEqual(['a1', 'a2']);
  });

  it('that have to be fresh join only what was not sent yet', async () => {
    const sent = reader.read('a');
    await turn();
    const [waiting, fresh] = [reader.readFresh('a'), reader.readFresh('a')];
    await answer();

    expect(asked).toEqual([['a'], ['a']]);
    expect(await sent).toBe('a1');
    expect((await waiting).entry).toBe((await fresh).entry);
    expect(await fresh).toMatchObject({ bytes: bytes('a1'), expiresAt: Number.POSITIVE_INFINITY });
  });

  it('count a time to live from when they were sent', async () => {
    jest.spyOn(space, 'read').mockResolvedValue({ position: partition.applied, values: [bytes('a1')], ttls: [500] });
    const fresh = reader.readFresh('a');
    const beside = reader.readBeside(['a']);
    await turn();
    now += 100;

    for (const { entry, expiresAt } of [await fresh, ...(await beside)])
      expect([expiresAt, entry.expiresAt]).toEqual([1500, 1500]);
  });

  it('prove the partition as of when they were sent', async () => {
    const proofs: number[] = [];
    for (const read of [
      () => reader.read('a'),
      () => reader.readBeside(['a']),
      () =>
        reader.readAllBeside(
          (cursor) => space.block(0, '', cursor, Number.POSITIVE_INFINITY),
          () => {},
        ),
    ]) {
      now += 10;
      const reading = read();
      await turn();
      now += 10;
      await answer();
      await reading;
      proofs.push(partition.freshAsOf);
    }

    expect(proofs).toEqual([1010, 1030, 1050]);
  });

  it('that fail all do, and leave nothing under way', async () => {
    const failed = Promise.allSettled([reader.read('a'), reader.read('b'), reader.readBeside(['a', 'c'])]);
    await turn();
    space.cut(() => 0);

    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(['a', 'b', 'c'].map((key) => partition.guard.flightOf(key))).toEqual([undefined, undefined, undefined]);

    space.connect();
    const again = reader.read('a');
    await answer();
    expect(await again).toBe('a1');
    expect(partition.guard.flightOf('a')).toBeUndefined();
  });

  it('of a walk bring up to date what is cached, and cache nothing', async () => {
    const read = reader.read('a');
    await answer();
    await read;
    write(['a', 'a2']);
    const walk = reader.readBeside(['a', 'b']);
    await answer();

    expect((await walk).map((reply) => text(reply.bytes))).toEqual(['a2', 'b1']);
    expect(cached('a', 'b')).toEqual(['a2', undefined]);
    expect(reader.bytesIn).toBe(6);
    expect(partition.guard.flightOf('b')).toBeUndefined();
  });

  it.each([
    { when: 'the feed has applied all of it', isAhead: false, entries: ['a'] },
    { when: 'it is ahead of the feed', isAhead: true, entries: ['a', 'b', 'c'] },
  ])('of everything make an entry of a key only where it may be news: $when', async ({ isAhead, entries }) => {
    const read = reader.read('a');
    await answer();
    await read;
    write(['c', 'c1']);
    if (!isAhead) space.deliver();
    const [taken, made]: [string[], string[]] = [[], []];
    const walk = reader.readAllBeside(
      (cursor) => space.block(0, '', cursor, Number.POSITIVE_INFINITY),
      (key, value, entry) => {
        taken.push(`${key}: ${text(value)}`);
        if (entry !== undefined) made.push(key);
      },
    );
    for (let turns = 0; turns < 10; turns++) await answer();
    await walk;

    expect(taken).toEqual(['a: a1', 'b: b1', 'c: c1']);
    expect(made).toEqual(entries);
    expect(cached('a', 'b', 'c')).toEqual(['a1', undefined, undefined]);
    expect(partition.guard.flightOf('a')).toBeUndefined();
    expect(reader.bytesIn).toBe(8);
  });
});
