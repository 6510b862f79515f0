import { describe, expect, it } from '@jest/globals';
import {
  AmbiguousWriteError,
  ConnectTimeoutError,
  type NearDict,
  openDict,
  openMirror,
  UnavailableError,
} from 'neardict';
import { fakeClock, type TestStore, testStore, until } from 'neardict/testing';
import { soon } from '../../lib/testing/contract/batches.ts';
import { FeedRecorder } from '../../lib/testing/contract/feedRecorder.ts';
import { itKeepsStoreContract } from '../contracts/itKeepsStoreContract.ts';
import { turn } from '../support/openInMemory.ts';
import { openSpace } from '../support/openSpace.ts';

type Numbers = NearDict<Record<string, number>>;

interface Fixture extends AsyncDisposable {
  readonly store: TestStore;
  readonly here: Numbers;
  /** In another process, which the faults do not concern. */
  readonly there: Numbers;
}

async function openFixture(options: object = {}): Promise<Fixture> {
  const store = testStore();
  const there = await openDict<Record<string, number>>({ namespace: 'numbers', store: store.elsewhere });
  await there.set('x', 1);
  const here = await openDict<Record<string, number>>({ namespace: 'numbers', store, timeout: 200, ...options });
  expect(await here.get('x')).toBe(1);
  return {
    store,
    here,
    there,
    async [Symbol.asyncDispose]() {
      store.heal();
      await here.close().catch(() => {});
      await there.close();
    },
  };
}

describe('testStore', () => {
  // Each test store has entries of its own: what a case opens twice must be the same.
  const shared = testStore();
  itKeepsStoreContract('testStore', () => shared, { cutFeed: () => shared.drop() });

  it('keeps entries of its own', async () => {
    await using one = await openDict({ namespace: 'x', store: testStore() });
    await using another = await openDict({ namespace: 'x', store: testStore() });
    await one.set('a', 1);

    expect(await another.get('a')).toBeUndefined();
  });

  it('knows the peers of a dictionary, also those that no fault concerns', async () => {
    await using fixture = await openFixture();
    const { store, here } = fixture;

    expect(await here.peers()).toHaveLength(2);
    expect(store.calls.peers).toBe(1);
    store.refuse('peers');
    await expect(here.peers()).rejects.toThrow(UnavailableError);
  });

  it('tells a feed nothing before it is open, whatever fault begins meanwhile', async () => {
    const store = testStore();
    const space = await openSpace(store);
    const feed = new FeedRecorder();

    const following = space.follow(0, feed, soon());
    store.lose();
    expect(feed.events).toEqual([]);
    await following;

    expect(feed.events).toEqual(['live']);
    await space.close();
  });

  it('loses messages that are under way when the feed is cut, and brings later ones in their time', async () => {
    const store = testStore();
    const space = await openSpace(store);
    const there = await openSpace(store.elsewhere, { namespace: space.namespace, origin: 2 });
    const feed = new FeedRecorder();
    await space.follow(0, feed, soon());
    store.delay('100ms');

    await there.set('a', '1');
    store.drop().end();
    // The later one is under way when the first would have come.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { position } = await there.set('a', '2');

    await feed.messagesAre(1);
    expect(feed.messages.map((message) => message.position)).toEqual([position]);
    expect(feed.events).toEqual(['live', 'interrupted', 'live', 'message']);
    await Promise.all([space.close(), there.close()]);
  });

  it('counts dictionaries that are open on it, and their calls', async () => {
    const fixture = await openFixture();
    const { store, here } = fixture;
    const before = { ...store.calls };
    await here.set('y', 1);
    await here.get('y', { fresh: true });

    expect(store.calls).toMatchObject({ read: before.read + 1, write: before.write + 1 });
    expect(store.opened).toBe(1);
    await fixture[Symbol.asyncDispose]();
    expect(store.opened).toBe(0);
  });
});

describe('drop()', () => {
  it('cuts the feed, which comes back by itself, and loses what was written meanwhile', async () => {
    await using fixture = await openFixture();
    const { store, here, there } = fixture;
    const told: string[] = [];
    here.on('state', (state) => told.push(state));
    here.on('change', ({ type }) => told.push(type));

    store.drop();
    await there.set('x', 2);
    await until('it is back', () => here.state === 'coherent');

    expect(told).toEqual(['suspect', 'resync', 'coherent']);
    expect(await here.get('x')).toBe(2);
  });

  it('lasts as long as is asked for, or until it is ended', async () => {
    await using fixture = await openFixture();
    const { store, here } = fixture;

    const cut = store.drop('1h');
    await turn();
    expect(here.state).toBe('suspect');
    cut.end();

    await until('it is back', () => here.state === 'coherent');
  });
});

describe('partition()', () => {
  it('refuses every call at once, and cuts the feed', async () => {
    await using fixture = await openFixture();
    const { store, here, there } = fixture;

    store.partition();

    expect(here.state).toBe('suspect');
    await expect(here.set('x', 2)).rejects.toThrow(UnavailableError);
    await expect(here.get('x', { fresh: true })).rejects.toThrow(UnavailableError);
    await until('it is known', () => here.state === 'offline');
    await there.set('x', 3);
    store.heal();
    await until('it is over', () => here.state === 'coherent');
    expect(await here.get('x')).toBe(3);
  });

  it('that is silent answers nothing, and tells nobody', async () => {
    await using fixture = await openFixture();
    const { store, here, there } = fixture;
    const outage = store.partition('silent');
    await there.set('x', 2);

    expect(here.state).toBe('coherent');
    expect(await here.get('x')).toBe(1);
    await expect(here.set('x', 3)).rejects.toThrow(AmbiguousWriteError);
    await expect(here.get('x', { fresh: true })).rejects.toThrow(UnavailableError);
    outage.end();
    await until('it is over', async () => (await here.get('x', { fresh: true })) === 2);
  });

  it.each(['refused', 'silent'] as const)('that is %s lets nobody open a dictionary until it ends', async (how) => {
    const store = testStore();
    const outage = store.partition(how);
    const options = { namespace: 'numbers', store } as const;
    const early = openDict({ ...options, connectTimeout: 20 });
    const patient = openDict(options);

    await expect(early).rejects.toThrow(ConnectTimeoutError);
    outage.end();
    await using handle = await patient;

    expect(handle.state).toBe('coherent');
  });

  it('lets staleIfError be tested without waiting', async () => {
    await using fixture = await openFixture({ staleIfError: '1h' });
    const { store, here } = fixture;

    store.partition();
    await until('it is known', () => here.state === 'offline');
    store.clock.advance('30m');
    expect(await here.get('x')).toBe(1);
    store.clock.advance('31m');
    await expect(here.get('x')).rejects.toThrow(UnavailableError);
    store.heal();

    await until('it is over', async () => (await here.get('x').catch(() => {})) === 1);
  });
});

describe('delay()', () => {
  it('lets replies and messages come later, in their order', async () => {
    await using fixture = await openFixture({ timeout: '20s' });
    const { store, here, there } = fixture;
    const changes = here.watch('x');
    const heard: unknown[] = [];
    const watching = (async () => {
      for await (const change of changes) if (heard.push(change) === 2) break;
    })();
    store.delay(50);
    const start = performance.now();
    await there.set('x', 2);
    await turn();
    expect(here.peek('x')).toBe(1);
    await until('it has arrived', () => here.peek('x') === 2);
    await here.get('x', { fresh: true });
    expect(performance.now() - start).toBeGreaterThan(95);

    await there.set('x', 3);
    store.heal();
    await there.set('x', 4);
    await until('both have arrived', () => here.peek('x') === 4);
    await watching;
    expect(here.stats().gaps).toBe(0);
  });
});

describe('hold()', () => {
  it('keeps replies back of what has been done already', async () => {
    await using fixture = await openFixture({ timeout: '20s' });
    const { store, here, there } = fixture;
    const hold = store.hold('write');
    let isDone = false;

    const writing = here.set('x', 2).then(() => {
      isDone = true;
    });
    await hold.reached;
    await turn();

    expect([isDone, await there.get('x', { fresh: true })]).toEqual([false, 2]);
    hold.end();
    await writing;
  });

  it('of all kinds lets calls end by their timeout, as what they are', async () => {
    await using fixture = await openFixture({ timeout: 50 });
    const { store, here } = fixture;
    store.hold();

    await expect(here.get('x', { fresh: true })).rejects.toThrow(UnavailableError);
    await expect(here.set('x', 2)).rejects.toThrow(AmbiguousWriteError);
  });
});

describe('lose()', () => {
  it('loses messages, which a later one shows', async () => {
    await using fixture = await openFixture();
    const { store, here, there } = fixture;
    const loss = store.lose();
    await there.set('x', 2);
    await turn();
    loss.end();
    expect(here.peek('x')).toBe(1);

    await there.set('y', 1);
    await until('the gap is found', () => here.stats().gaps === 1);
    await until('it is repaired', () => here.state === 'coherent');
    expect(await here.get('x')).toBe(2);
  });
});

describe('fakeClock', () => {
  it('lets what is cached age, in the same turn', async () => {
    await using fixture = await openFixture({ maxStaleness: '10s' });
    const { store, here } = fixture;
    await until('it is proven fresh', async () => (await here.get('x'), here.peek('x') === 1));
    const { read } = store.calls;

    await here.get('x');
    expect(store.calls.read).toBe(read);
    store.clock.advance('11s');
    expect(here.peek('x')).toBeUndefined();
    await here.get('x');

    expect(store.calls.read).toBe(read + 1);
  });

  it('ends times to live, in the store and here, for all stores that go by it', async () => {
    const clock = fakeClock();
    const [one, another] = [testStore({ clock }), testStore({ clock })];
    await using here = await openDict({ namespace: 'x', store: one, ttl: '1h' });
    await using there = await openDict({ namespace: 'x', store: another, ttl: '1h' });
    await Promise.all([here.set('a', 1), there.set('a', 1)]);
    clock.advance('59m');
    expect([await here.get('a'), await there.get('a', { fresh: true })]).toEqual([1, 1]);

    clock.advance('1m');

    expect([await here.get('a'), await there.get('a'), await here.size(), await there.size()]).toEqual([
      undefined,
      undefined,
      0,
      0,
    ]);
  });

  it('is the clock of mirrors, too', async () => {
    const store = testStore();
    await using mirror = await openMirror({ namespace: 'x', store });
    store.partition();

    store.clock.advance('1h');

    expect(mirror.age).toBeGreaterThanOrEqual(3_600_000);
  });

  it.each([-1, Number.NaN, '1y'])('does not go by %s', (by) => {
    expect(() => {
      fakeClock().advance(by as number);
    }).toThrow('by');
  });
});
