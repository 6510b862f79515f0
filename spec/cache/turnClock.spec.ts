import { describe, expect, it } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { TurnClock } from '../../lib/cache/turnClock.ts';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';

interface Data {
  x: number;
}

const DEADLINE_MS = 30_000;

interface FakeClock {
  now: number;
  looks: number;
  readonly clock: TurnClock;
  read(): void;
}

/** A clock under control, read as the hit path reads it. */
function fakeClock(): FakeClock {
  const fake: FakeClock = {
    now: 1000,
    looks: 0,
    clock: new TurnClock(() => {
      fake.looks++;
      return fake.now;
    }),
    read() {
      if (fake.clock.credit-- <= 0) fake.clock.look();
    },
  };
  return fake;
}

describe('the turn clock', () => {
  it('is looked at in the first read of a turn and in every 256th', () => {
    const fake = fakeClock();
    const lookedAt: number[] = [];

    for (let read = 1; read <= 1024; read++) {
      const before = fake.looks;
      fake.read();
      if (fake.looks > before) lookedAt.push(read);
    }

    expect(lookedAt).toEqual([1, 257, 513, 769]);
  });

  it('is looked at anew in the next turn', async () => {
    const fake = fakeClock();
    fake.read();
    fake.read();

    await turn();
    fake.now = 2000;
    fake.read();

    expect(fake.looks).toBe(2);
    expect(fake.clock.now).toBe(2000);
  });

  it('calls a turn overdue after 5 ms, until it ends', async () => {
    const fake = fakeClock();
    fake.clock.look();
    const fresh = fake.clock.isOverdue;

    fake.now += 5;
    fake.clock.look();
    const late = fake.clock.isOverdue;
    fake.now += 1;
    fake.clock.look();
    const overdue = fake.clock.isOverdue;
    await turn();
    fake.clock.look();

    expect([fresh, late, overdue, fake.clock.isOverdue]).toEqual([false, false, true, false]);
  });

  it('tells the time without ending the credit', () => {
    const fake = fakeClock();
    fake.clock.look();
    const { credit } = fake.clock;

    expect(fake.clock.time()).toBe(1000);
    expect(fake.clock.credit).toBe(credit);
  });
});

describe('a loop of nothing but hits', () => {
  it.each([
    { way: 'await dict.key', read: async (handle: NearDict<Data>) => handle.dict.x },
    { way: 'get', read: (handle: NearDict<Data>) => handle.get('x') },
  ])('lets timers in every few milliseconds: $way', async ({ read }) => {
    await using handle = await openInMemory<Data>();
    await handle.set('x', 1);
    const rings: number[] = [];
    const startedAt = performance.now();
    const timer = setInterval(() => rings.push(performance.now()), 1);

    // Without pauses no timer would ring before the loop ends.
    while (rings.length < 5 && performance.now() - startedAt < DEADLINE_MS) await read(handle);
    clearInterval(timer);

    expect(rings.length).toBeGreaterThanOrEqual(5);
  });

  it('sees the write of another handle, which is made by a timer', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Data>({ namespace });
    await using there = await openDict<Data>({ namespace });
    await here.set('x', 1);
    const startedAt = performance.now();
    setTimeout(() => {
      there.dict.x = 2;
    }, 5);

    let value: number | undefined;
    do value = await here.dict.x;
    while (value !== 2 && performance.now() - startedAt < DEADLINE_MS);

    expect(value).toBe(2);
  });
});
