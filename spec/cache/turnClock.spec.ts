import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { TurnClock } from '../../lib/cache/turnClock.ts';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { recordReads } from '../support/wrapStore.ts';

interface Data {
  x: number;
}

const DEADLINE_MS = 30_000;

afterEach(() => {
  jest.restoreAllMocks();
});

interface FakeClock {
  now: number;
  /** The wall clock. */
  wall: number;
  looks: number;
  readonly clock: TurnClock;
  read(): void;
}

/** A clock under control, read as the hit path reads it. */
function fakeClock(): FakeClock {
  const fake: FakeClock = {
    now: 1000,
    wall: 1_000_000,
    looks: 0,
    clock: new TurnClock(
      () => {
        fake.looks++;
        return fake.now;
      },
      () => fake.wall,
    ),
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

describe('the turn clock of a machine that sleeps', () => {
  it('counts the time that its monotonic clock has missed', () => {
    const fake = fakeClock();
    const before = fake.clock.time();

    fake.now += 10;
    fake.wall += 3_600_010;
    const woken = fake.clock.time();
    fake.now += 10;
    fake.wall += 10;
    fake.clock.look();

    expect([woken - before, fake.clock.now - woken]).toEqual([3_600_010, 10]);
  });

  it('goes on when the wall clock is set back, and counts a sleep after that', () => {
    const fake = fakeClock();
    const before = fake.clock.time();

    fake.wall -= 3_600_000;
    const afterStep = fake.clock.time();
    fake.wall += 60_000;
    const afterSleep = fake.clock.time();

    expect([afterStep - before, afterSleep - before]).toEqual([0, 60_000]);
  });

  it('does not run faster because the two clocks tick unevenly', () => {
    const fake = fakeClock();
    const before = fake.clock.time();

    for (let tick = 0; tick < 10_000; tick++) {
      fake.now += 1;
      fake.wall += tick % 2 === 0 ? 51 : -49;
      fake.clock.time();
    }

    expect(fake.clock.time() - before).toBe(10_000);
  });
});

describe('a cached read', () => {
  interface Opened {
    readonly handle: NearDict<Data>;
    readonly reads: readonly (readonly string[])[];
  }

  /** A dictionary that has `x` in its cache and has asked the store for nothing. */
  async function openCached(options: object = {}): Promise<Opened> {
    const { store, reads } = recordReads();
    const handle = await openInMemory<Data>({ store, ...options });
    await handle.set('x', 1);
    await handle.get('x');
    return { handle, reads };
  }

  /** Blocks the process, timers included. */
  function pause(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }

  it('is not served after the process was paused for longer than maxStaleness', async () => {
    const { handle, reads } = await openCached({ maxStaleness: 1000 });
    await turn();

    pause(1100);
    const values = [handle.peek('x'), await handle.get('x'), handle.peek('x')];

    expect(values).toEqual([undefined, 1, 1]);
    expect(reads).toEqual([['x']]);
    await handle.close();
  });

  it('is not served after the machine slept, until it was proven again', async () => {
    const { handle, reads } = await openCached();
    await turn();
    const wall = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(wall + 3_600_000);

    const values = [handle.peek('x'), await handle.get('x'), handle.peek('x')];

    expect(values).toEqual([undefined, 1, 1]);
    expect(reads).toEqual([['x']]);
    await handle.close();
  });

  it('is served though the wall clock was set back', async () => {
    const { handle, reads } = await openCached();
    await turn();
    const wall = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(wall - 3_600_000);

    expect([handle.peek('x'), await handle.get('x')]).toEqual([1, 1]);
    expect(reads).toEqual([]);
    await handle.close();
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

  it('lets an own write go out, which is all that it reads', async () => {
    await using handle = await openInMemory<Data>();
    const startedAt = performance.now();

    handle.dict.x = 1;
    while (handle.stats().pendingWrites > 0 && performance.now() - startedAt < DEADLINE_MS) await handle.reads.x;

    expect(handle.stats().pendingWrites).toBe(0);
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
