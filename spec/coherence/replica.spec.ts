import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Entry } from '../../lib/cache/entry.ts';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import { LoadedRows } from '../../lib/coherence/loaded.ts';
import { Replica } from '../../lib/coherence/replica.ts';
import type { Position } from '../../lib/store/position.ts';
import { batch, bytes } from '../../lib/testing/contract/batches.ts';
import { turn } from '../support/openInMemory.ts';
import { SimulatedServer, SimulatedSpace } from '../support/simulatedStore.ts';

/**
 * A copy of a server whose messages carry no values, with everything under way done step by step.
 *
 * @param sleptMs - For how long the machine has slept.
 */
async function openCopy(sleptMs = 0): Promise<{
  readonly server: SimulatedServer;
  readonly partition: Partition;
  readonly replica: Replica;
  readonly write: (...keys: string[]) => void;
  /** Reads the position, as the verifier does. */
  readonly readPosition: () => Promise<void>;
  readonly space: SimulatedSpace;
  readonly copy: Map<string, string>;
  /** When keys of the copy end, where they do. */
  readonly ends: Map<string, number>;
  readonly commits: string[][];
  /** Own writes that the copy was told of and does not have, and where they were made. */
  readonly acknowledged: (readonly [key: string, position: Position])[];
}> {
  const server = new SimulatedServer({ applied() {}, rolledBack() {} }, () => false);
  const space = new SimulatedSpace(server, 1);
  const writer = new SimulatedSpace(server, 2);
  const copy = new Map<string, string>();
  const ends = new Map<string, number>();
  const commits: string[][] = [];
  const acknowledged: [string, Position][] = [];
  const partition = new Partition(
    new NearCache(false, 1000),
    {
      now: () => performance.now() + sleptMs,
      requestReading() {},
      distrustFeed() {},
      repaired() {},
      isPending: () => false,
      owns: () => true,
      changes: { isListening: false, changed() {}, cleared() {}, resynced() {}, syncChanged() {} },
    },
    { maxStalenessMs: 5000, lossPatienceMs: 2500 },
    1,
  );
  const replica = new Replica(space, 0, partition, 60_000, {
    now: () => performance.now() + sleptMs,
    keys: () => copy.keys(),
    decode: (_key, value) => Buffer.from(value).toString(),
    draft: () => new LoadedRows(),
    commit(changes) {
      const all = [...changes];
      for (const [key, { content, expiresAt }] of all) {
        copy.set(key, content as string);
        if (expiresAt !== undefined) ends.set(key, expiresAt);
      }
      commits.push(all.map(([key]) => key));
    },
    settled() {},
    acknowledged: (key, _entry, position) => acknowledged.push([key, position]),
    lost() {},
  });
  partition.followers.add(replica);
  await space.follow(0, partition);
  space.deliver();
  const readPosition = async (): Promise<void> => {
    const departure = partition.depart();
    const position = space.position(0, Number.POSITIVE_INFINITY);
    space.execute();
    space.reply();
    partition.reading(await position, departure);
  };
  await readPosition();
  replica.begin();
  const ended = replica.end(true);
  space.execute();
  space.reply();
  await ended;
  let value = 0;
  const write = (...keys: string[]): void => {
    server.write(batch({ sets: keys.map((key) => [key, bytes(String(++value))]) }), writer);
    space.deliver();
  };
  return { server, partition, replica, write, readPosition, space, copy, ends, commits, acknowledged };
}

/** The server answers the oldest command. */
async function answer(space: SimulatedSpace): Promise<void> {
  space.execute();
  space.reply();
  await turn();
}

/** The commands under way fail. */
async function fail(space: SimulatedSpace): Promise<void> {
  space.cut(() => 0);
  space.connect();
  await turn();
}

/** Two writes for each read that the server answers: every read is overtaken. */
async function stream(
  { write, space }: Awaited<ReturnType<typeof openCopy>>,
  keysOf: (round: number) => string[],
): Promise<void> {
  for (let round = 0; round < 200; round++) {
    write(...keysOf(round));
    if (round % 2 === 0) continue;
    space.execute();
    space.reply();
    await turn();
  }
}

describe('a copy of values that do not travel with their messages', () => {
  it('waits no longer for a read after the machine has slept', async () => {
    const { write, space } = await openCopy(3_600_000);
    const read = jest.spyOn(space, 'read');

    write('a');

    expect(read.mock.lastCall?.[2]).toBeLessThanOrEqual(performance.now() + 60_000);
  });

  it('shows the changes of one message together, once all are read', async () => {
    const opened = await openCopy();
    const { write, space, copy } = opened;

    write('a', 'b');
    expect([...copy]).toEqual([]);
    space.execute();
    space.reply();
    await turn();

    expect([...copy]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it.each([
    { keys: 'always others', keysOf: (round: number) => [`key${round}`] },
    { keys: 'the same', keysOf: () => ['hot'] },
    { keys: 'the same and always another', keysOf: (round: number) => ['hot', `key${round}`] },
    { keys: 'two in turn', keysOf: (round: number) => [round % 2 === 0 ? 'a' : 'b'] },
    { keys: 'two in turn and always another', keysOf: (round: number) => [round % 2 === 0 ? 'a' : 'b', `key${round}`] },
  ])('keeps up with a stream of writes that overtake every read: $keys', async ({ keysOf }) => {
    const opened = await openCopy();

    await stream(opened, keysOf);

    expect(opened.commits.length).toBeGreaterThan(15);
  });
});

describe('the reads of a copy', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('bring a thousand keys at a time, which appear together', async () => {
    const { write, space, commits } = await openCopy();
    const read = jest.spyOn(space, 'read');

    write(...Array.from({ length: 1500 }, (_, index) => `key${index}`));
    await answer(space);
    expect(commits).toEqual([[]]);
    await answer(space);

    expect(read.mock.calls.map(([, keys]) => keys.length)).toEqual([1024, 476]);
    expect(commits.map(({ length }) => length)).toEqual([0, 1500]);
  });

  it('are repeated when they fail, after pauses that grow up to a second and begin anew', async () => {
    const { write, space, copy } = await openCopy();

    write('a');
    for (const pauseMs of [20, 40, 80, 160, 320, 640, 1000, 1000]) {
      await fail(space);
      jest.advanceTimersByTime(pauseMs - 1);
      expect(space.canExecute).toBe(false);
      jest.advanceTimersByTime(1);
      expect(space.canExecute).toBe(true);
    }
    await answer(space);
    expect([...copy]).toEqual([['a', '1']]);

    write('a');
    await fail(space);
    jest.advanceTimersByTime(20);
    expect(space.canExecute).toBe(true);
  });

  it('bring what is checked again, and what programs changed that give no position', async () => {
    const { server, partition, replica, space, copy } = await openCopy();

    jest.advanceTimersByTime(10);
    server.entries.set('a', bytes('foreign'));
    replica.recheck(['a']);
    await answer(space);
    expect([...copy]).toEqual([['a', 'foreign']]);
    expect([partition.freshAsOf, replica.freshAsOf]).toEqual([performance.now(), performance.now()]);

    server.entries.set('a', bytes('other'));
    partition.foreign('a', 'set');
    await answer(space);
    expect([...copy]).toEqual([['a', 'other']]);
  });

  it('bring times to live, which count from the reply', async () => {
    const { server, write, space, ends } = await openCopy();
    jest.spyOn(space, 'read').mockImplementation(async (_partition, keys) => {
      jest.advanceTimersByTime(100);
      return { position: server.position, values: keys.map(() => bytes('1')), ttls: keys.map(() => 500) };
    });

    write('a');
    await turn();

    expect([...ends]).toEqual([['a', performance.now() + 500]]);
  });

  it('make one change of a thousand messages that wait for them', async () => {
    const { write, space, copy, commits } = await openCopy();

    write('first');
    for (let count = 1; count <= 1100; count++) write(`key${count % 10}`);
    while (space.canExecute) await answer(space);

    expect(commits[1]).toHaveLength(11);
    expect(copy.get('key0')).toBe('1101');
  });

  it('prove what is shown as of the oldest proof that it has reached', async () => {
    const { server, partition, replica, write, space } = await openCopy();
    const loaded = replica.freshAsOf;
    write('a');
    jest.advanceTimersByTime(10);
    partition.reading(server.position, partition.depart());
    const proven = performance.now();
    jest.advanceTimersByTime(10);
    partition.reading(server.position, partition.depart());
    expect([partition.freshAsOf, replica.freshAsOf]).toEqual([proven + 10, loaded]);

    await answer(space);
    expect(replica.freshAsOf).toBe(proven);
  });

  it('show own writes: until then they cover the copy', async () => {
    const { server, partition, write, space, acknowledged } = await openCopy();
    write('a');
    const acknowledge = (): void => {
      partition.acknowledge('a', new Entry(bytes('1')), server.position, partition.depart());
    };

    acknowledge();
    await answer(space);
    acknowledge();

    expect(acknowledged).toEqual([['a', server.position]]);
  });
});

describe('the load of a copy', () => {
  it('brings everything, block after block', async () => {
    const { server, replica, write, space, copy } = await openCopy();
    write('a', 'b', 'c');
    replica.begin();
    const counts: number[] = [];
    const loaded = replica.loadAll(
      (cursor) => space.block(0, '', cursor, Number.POSITIVE_INFINITY),
      (count) => counts.push(count),
    );
    // The read of the copy that was given up is the first.
    for (let turns = 0; turns < 10; turns++) await answer(space);
    expect([await loaded, counts, replica.isLoaded]).toEqual([true, [2, 1], false]);

    const ended = replica.end(true);
    await answer(space);
    await ended;
    expect([replica.isLoaded, replica.isRepaired]).toEqual([true, true]);
    expect([...copy.keys()]).toEqual([...server.entries.keys()]);
  });

  it('has failed if it is begun again meanwhile, and takes no more blocks', async () => {
    const { replica, write, space } = await openCopy();
    write('a', 'b', 'c');
    await answer(space);
    replica.begin();
    const counts: number[] = [];
    const loaded = replica.loadAll(
      (cursor) => space.block(0, '', cursor, Number.POSITIVE_INFINITY),
      (count) => counts.push(count),
    );
    replica.begin();
    for (let turns = 0; turns < 10; turns++) await answer(space);

    expect([await loaded, counts]).toEqual([false, [2]]);
  });

  it('has to begin again when not everything was loaded: no position is read', async () => {
    const { replica, space } = await openCopy();
    replica.begin();
    const read = jest.spyOn(space, 'read');
    const ended = replica.end(false);

    expect(read).not.toHaveBeenCalled();
    await ended;
    expect(replica.isLost).toBe(true);
  });

  it('has to begin again when the position can not be read in the end', async () => {
    const { replica, space } = await openCopy();
    replica.begin();
    const ended = replica.end(true);
    await fail(space);
    await ended;

    expect(replica.isLost).toBe(true);
  });

  it('that was begun again is not ended by the one before', async () => {
    const { replica, space } = await openCopy();
    replica.begin();
    const before = replica.end(true);
    replica.begin();
    await answer(space);
    await before;
    expect([replica.isLost, replica.isLoaded]).toEqual([false, false]);

    const ended = replica.end(true);
    await answer(space);
    await ended;
    expect(replica.isLoaded).toBe(true);
  });
});

describe('a copy that is loaded while the store fails over', () => {
  it('does not wait for a position that is lost', async () => {
    const { server, replica, write, readPosition, space } = await openCopy();
    space.cutFeed();
    space.restoreFeed();
    space.deliver();
    await readPosition();
    replica.begin();
    space.mute();
    write('a');
    const ended = replica.end(true);
    space.execute();
    space.reply();
    await ended;
    expect([replica.isLost, replica.isRepaired]).toEqual([false, false]);

    server.rollBack(1);
    await readPosition();

    expect(replica.isLost).toBe(true);
  });

  it('covers an own write of a history that it has not met, whatever its number is', async () => {
    const { partition, write, replica, space, acknowledged } = await openCopy();
    const met = { seq: 1, nonce: 12_345 };
    const toCome = { seq: 2, nonce: 12_345 };
    write('a');
    await answer(space);

    partition.acknowledge('a', new Entry(bytes('own')), met, partition.depart());
    partition.acknowledge('a', new Entry(bytes('newer')), toCome, partition.depart());
    // A message that was under way when the store lost its history has the number of the write.
    write('b');
    await answer(space);

    expect(acknowledged).toEqual([
      ['a', { ...met, seq: Number.POSITIVE_INFINITY }],
      ['a', toCome],
    ]);
    expect(replica.has(toCome)).toBe(false);
  });

  it('has an own write if it was loaded behind it, from where nothing is known of what came before', async () => {
    const { server, partition, write, readPosition, replica, space } = await openCopy();
    space.cutFeed();
    write('a');
    const own = server.position;
    write('b');
    space.restoreFeed();
    space.deliver();
    await readPosition();
    expect(partition.hasApplied(own)).toBe(false);

    replica.begin();
    const ended = replica.end(true);
    await answer(space);
    await ended;

    expect(replica.has(own)).toBe(true);
  });
});
