import { describe, expect, it, jest } from '@jest/globals';
import { Entry } from '../../lib/cache/entry.ts';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import { Replica } from '../../lib/coherence/replica.ts';
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
  readonly commits: string[][];
  /** Own writes that the copy was told of, and up to which number it does not have them. */
  readonly acknowledged: (readonly [key: string, seq: number])[];
}> {
  const server = new SimulatedServer({ applied() {}, rolledBack() {} }, () => false);
  const space = new SimulatedSpace(server, 1);
  const writer = new SimulatedSpace(server, 2);
  const copy = new Map<string, string>();
  const commits: string[][] = [];
  const acknowledged: [string, number][] = [];
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
    commit(changes) {
      const all = [...changes];
      for (const [key, { content }] of all) copy.set(key, content as string);
      commits.push(all.map(([key]) => key));
    },
    settled() {},
    acknowledged: (key, _entry, seq) => acknowledged.push([key, seq]),
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
  return { server, partition, replica, write, readPosition, space, copy, commits, acknowledged };
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

  it('covers an own write of a history that it has not met until a later proof, whatever its number is', async () => {
    const { partition, write, acknowledged } = await openCopy();
    write('a');

    partition.acknowledge('a', new Entry(bytes('own')), { seq: 1, nonce: 12_345 }, partition.depart());

    expect(acknowledged).toEqual([['a', Number.POSITIVE_INFINITY]]);
  });
});
