import { describe, expect, it, jest } from '@jest/globals';
import { type FeedListener, type NearDict, openDict, UnavailableError } from 'neardict';
import { type TestStore, testStore, until } from 'neardict/testing';
import { turn } from '../support/openInMemory.ts';
import { recordFeeds } from '../support/wrapStore.ts';

type Numbers = Record<string, number>;

interface Fixture extends AsyncDisposable {
  readonly control: TestStore;
  readonly feeds: readonly FeedListener[];
  readonly handle: NearDict<Numbers>;
  /** Another process, which the outage does not concern. */
  readonly other: NearDict<Numbers>;
}

const options = { maxStaleness: 100, timeout: 200 } as const;

/** A handle that has read `{ x: 1 }`, over a store that can be taken away. */
async function openFixture(more: object = { staleIfError: '1h' }): Promise<Fixture> {
  const namespace = 'numbers';
  const control = testStore();
  const { store, feeds } = recordFeeds(control);
  const other = await openDict<Numbers>({ namespace, store: control.elsewhere });
  await other.set('x', 1);
  const handle = await openDict<Numbers>({ namespace, store, ...options, ...more });
  await handle.get('x');
  await handle.get('missing');
  return {
    control,
    feeds,
    handle,
    other,
    async [Symbol.asyncDispose]() {
      control.heal();
      await handle.close();
      await other.close();
    },
  };
}

/** Takes the store away, and waits until nothing is proven fresh any more. */
async function takeAway({ control, handle }: Fixture, how: 'refuse' | 'ignore' = 'refuse'): Promise<void> {
  control[how]();
  await until('freshness has lapsed', () => handle.peek('x') === undefined);
}

describe('without staleIfError', () => {
  it('a read that is not proven fresh rejects while the store is away', async () => {
    await using fixture = await openFixture({});
    await takeAway(fixture);

    await expect(fixture.handle.get('x')).rejects.toThrow(UnavailableError);
  });
});

describe.each(['refuse', 'ignore'] as const)('with staleIfError and a store whose calls it can %s', (how) => {
  it('every cached way of reading resolves the last known value', async () => {
    await using fixture = await openFixture();
    const { handle } = fixture;
    await takeAway(fixture, how);

    expect(await handle.dict['x']).toBe(1);
    expect(await handle.get('x')).toBe(1);
    expect(await handle.get('x', { signal: new AbortController().signal })).toBe(1);
    expect(await handle.getMany(['x', 'missing'])).toEqual({ x: 1, missing: undefined });
    expect([await handle.has('x'), await handle.has('missing')]).toEqual([true, false]);
    const changes = handle.watch('x', { initial: true });
    expect((await changes.next()).value).toEqual({ type: 'set', value: 1 });
    await changes.return?.();
  });

  it('fresh, getEntry and walks reject, and peek has nothing', async () => {
    await using fixture = await openFixture();
    const { handle } = fixture;
    await takeAway(fixture, how);

    await expect(handle.get('x', { fresh: true })).rejects.toThrow(UnavailableError);
    await expect(handle.getEntry('x')).rejects.toThrow(UnavailableError);
    expect(handle.peek('x')).toBeUndefined();
  });

  it('a key that is not cached rejects', async () => {
    await using fixture = await openFixture();
    await takeAway(fixture, how);

    await expect(fixture.handle.get('never read')).rejects.toThrow(UnavailableError);
  });

  it('reads are current again as soon as a reading of the position succeeds', async () => {
    await using fixture = await openFixture();
    const { control, handle, other } = fixture;
    await takeAway(fixture, how);
    await until('the outage is known', () => handle.state === 'offline');

    const loss = control.lose();
    await other.set('x', 2);
    await turn();
    loss.end();
    expect(await handle.get('x')).toBe(1);
    control.heal();

    await until('the store is known to be back', () => handle.state === 'coherent');
    await until('the change is seen', async () => (await handle.get('x')) === 2);
  });
});

describe('staleIfError', () => {
  it('does not ask the store again and again while it is known to be away', async () => {
    await using fixture = await openFixture();
    const { control, handle } = fixture;
    await takeAway(fixture, 'ignore');
    await until('the outage is known', () => handle.state === 'offline');
    const { read } = control.calls;

    for (let count = 0; count < 1000; count++) await handle.get('x');

    expect(control.calls.read).toBe(read);
  });

  it('ends a read that waits when the outage is found out', async () => {
    await using fixture = await openFixture({ staleIfError: '1h', timeout: '1h' });
    await takeAway(fixture, 'ignore');

    expect(await fixture.handle.get('x')).toBe(1);
  });

  it('bounds the age, which counts from the last proof', async () => {
    await using fixture = await openFixture({ staleIfError: 300 });
    const { handle } = fixture;
    await takeAway(fixture);
    const rejected = async (): Promise<boolean> =>
      handle.get('x').then(
        () => false,
        (error: unknown) => error instanceof UnavailableError,
      );

    await until('the value is too old', rejected);

    expect(handle.stats().lag).toBeGreaterThan(300);
  });

  it('serves what the latest message brought', async () => {
    await using fixture = await openFixture();
    const { handle, other } = fixture;
    await takeAway(fixture);

    await other.set('x', 2);
    await turn();

    expect(await handle.get('x')).toBe(2);
  });

  it('never brings back what was dropped because messages were lost', async () => {
    await using fixture = await openFixture();
    const { feeds, handle } = fixture;
    await takeAway(fixture);

    feeds.at(-1)?.garbled();

    await expect(handle.get('x')).rejects.toThrow(UnavailableError);
  });

  it('never brings back a value after a write of unknown outcome', async () => {
    await using fixture = await openFixture();
    const { handle } = fixture;
    await takeAway(fixture, 'ignore');
    const before = await handle.get('x');

    await expect(handle.set('x', 2)).rejects.toMatchObject({ code: 'ERR_NEARDICT_AMBIGUOUS_WRITE' });

    expect(before).toBe(1);
    await expect(handle.get('x')).rejects.toThrow(UnavailableError);
  });

  it('shows own pending writes, and what was there before when they were not applied', async () => {
    await using fixture = await openFixture();
    const { handle } = fixture;
    await takeAway(fixture, 'refuse');

    const writing = handle.set('x', 2);
    const meanwhile = await handle.get('x');
    await expect(writing).rejects.toThrow(UnavailableError);

    expect([meanwhile, await handle.get('x')]).toEqual([2, 1]);
  });

  it('never goes behind a value that was read while the feed was interrupted', async () => {
    await using fixture = await openFixture();
    const { control, handle, other } = fixture;
    control.drop('1h');
    await other.set('x', 2);
    await until('the change is read', async () => (await handle.get('x')) === 2);
    await takeAway(fixture);

    await expect(handle.get('x')).rejects.toThrow(UnavailableError);
  });

  it('lets the event loop do its other work while it serves', async () => {
    await using fixture = await openFixture();
    const { handle } = fixture;
    await takeAway(fixture);
    await until('the outage is known', () => handle.state === 'offline');
    const ring = jest.fn();
    const timer = setTimeout(ring, 1);

    const deadline = performance.now() + 30_000;
    while (ring.mock.calls.length === 0 && performance.now() < deadline) await handle.get('x');
    clearTimeout(timer);

    expect(ring).toHaveBeenCalled();
  });
});
