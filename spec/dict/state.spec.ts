import { describe, expect, it } from '@jest/globals';
import { type FeedListener, type NearDict, openDict, UnavailableError } from 'neardict';
import { type TestStore, testStore, until } from 'neardict/testing';
import type { Partition } from '../../lib/coherence/partition.ts';
import { StateTracker } from '../../lib/dict/stateTracker.ts';
import { turn } from '../support/openInMemory.ts';
import { recordFeeds } from '../support/wrapStore.ts';

type Numbers = Record<string, number>;

interface Fixture extends AsyncDisposable {
  readonly control: TestStore;
  readonly feeds: readonly FeedListener[];
  readonly handle: NearDict<Numbers>;
  /** Another process, which nothing disturbs. */
  readonly other: NearDict<Numbers>;
  /** What the handle's listeners were told, in order. */
  readonly told: string[];
}

async function openFixture(): Promise<Fixture> {
  const namespace = 'numbers';
  const control = testStore();
  const { store, feeds } = recordFeeds(control);
  const other = await openDict<Numbers>({ namespace, store: control.elsewhere });
  // The position of a dictionary that was never written tells nothing after an interruption.
  await other.set('old', 1);
  const handle = await openDict<Numbers>({ namespace, store, maxStaleness: 200, timeout: 200 });
  const told: string[] = [];
  handle.on('state', (now, before) => told.push(`${before} > ${now}`));
  handle.on('change', (change) => told.push('key' in change ? `${change.type} ${change.key}` : change.type));
  handle.on('close', () => told.push('close'));
  handle.on('error', (error) => told.push(String(error)));
  return {
    control,
    feeds,
    handle,
    other,
    told,
    async [Symbol.asyncDispose]() {
      control.heal();
      await handle.close();
      await other.close();
    },
  };
}

async function coherent({ handle }: Fixture): Promise<void> {
  await until('it is coherent', () => handle.state === 'coherent');
}

/** Another process writes `x`, and the handle does not hear it. */
async function missWrite({ control, other }: Fixture): Promise<void> {
  const loss = control.lose();
  await other.set('x', 1);
  await turn();
  loss.end();
}

describe('what listeners are told', () => {
  it('is nothing while nothing happens', async () => {
    await using fixture = await openFixture();

    await fixture.handle.set('x', 1);
    await turn();

    expect(fixture.told).toEqual(['set x']);
  });

  it('is suspect at the cut of the feed, and coherent when it is back with nothing missed', async () => {
    await using fixture = await openFixture();
    const { control, handle, told } = fixture;

    const cut = control.drop('1h');
    const atTheCut = [...told];
    cut.end();
    const beforeTheReading = handle.state;
    await coherent(fixture);

    expect(atTheCut).toEqual(['coherent > suspect']);
    expect(beforeTheReading).toBe('suspect');
    expect(told).toEqual(['coherent > suspect', 'suspect > coherent']);
  });

  it('is one resync, just before coherent, when changes were missed meanwhile', async () => {
    await using fixture = await openFixture();
    const { control, handle, told } = fixture;
    await handle.get('x');
    const seen: unknown[] = [];
    handle.on('change', ({ type }) => {
      if (type === 'resync') seen.push(handle.peek('x'), handle.get('x'));
    });

    const cut = control.drop('1h');
    await missWrite(fixture);
    cut.end();
    await coherent(fixture);

    expect(told).toEqual(['coherent > suspect', 'resync', 'suspect > coherent']);
    expect(await Promise.all(seen)).toEqual([undefined, 1]);
  });

  it('is one resync for a gap, the change that showed it included', async () => {
    await using fixture = await openFixture();
    const { handle, other, told } = fixture;

    await missWrite(fixture);
    await other.set('y', 1);
    await until('the gap is found', () => handle.stats().gaps === 1);
    await coherent(fixture);

    expect(told).toEqual(['coherent > suspect', 'resync', 'suspect > coherent']);
  });

  it('is one resync for a message that can not be read, once changes are followed again', async () => {
    await using fixture = await openFixture();
    const { feeds, told } = fixture;

    await missWrite(fixture);
    feeds[0]?.garbled();
    const atOnce = [...told];
    await coherent(fixture);

    expect(atOnce).toEqual(['coherent > suspect']);
    expect(told).toEqual(['coherent > suspect', 'resync', 'suspect > coherent']);
  });

  it.each(['refuse', 'ignore'] as const)(
    'is offline when a reading fails and coherent when one succeeds, where calls are %sd and the feed is intact',
    async (how) => {
      await using fixture = await openFixture();
      const { control, handle, told } = fixture;

      control[how]();
      await until('a reading has failed', () => handle.state === 'offline');
      await turn();
      const whileAway = [...told];
      control.heal();
      await coherent(fixture);

      expect(whileAway).toEqual(['coherent > offline']);
      expect(told).toEqual(['coherent > offline', 'offline > coherent']);
    },
  );

  it('is suspect, offline and coherent when feed and store go and come', async () => {
    await using fixture = await openFixture();
    const { control, handle, told } = fixture;

    const refusal = control.refuse();
    const cut = control.drop('1h');
    await until('a reading has failed', () => handle.state === 'offline');
    await missWrite(fixture);
    cut.end();
    refusal.end();
    await coherent(fixture);

    expect(told).toEqual(['coherent > suspect', 'suspect > offline', 'resync', 'offline > coherent']);
  });

  it('is suspect when the store is back before the feed', async () => {
    await using fixture = await openFixture();
    const { control, handle, told } = fixture;

    const refusal = control.refuse();
    const cut = control.drop('1h');
    await until('a reading has failed', () => handle.state === 'offline');
    refusal.end();
    await until('the store is back', () => handle.state === 'suspect');
    cut.end();
    await coherent(fixture);

    expect(told).toEqual(['coherent > suspect', 'suspect > offline', 'offline > suspect', 'suspect > coherent']);
  });

  it('is close and nothing else at the end, after which the state is offline', async () => {
    await using fixture = await openFixture();
    const { handle, told } = fixture;

    await handle.close();

    expect(told).toEqual(['close']);
    expect(handle.state).toBe('offline');
  });
});

describe('an outage of one of several partitions', () => {
  it('is over when that one answers, not when another does', () => {
    const told: string[] = [];
    const tracker = new StateTracker((now, before) => told.push(`${before} > ${now}`));
    const partitions = [{ isSynced: true, isSuspect: false } as Partition];
    tracker.update(partitions);

    tracker.answered(0, new UnavailableError('away'), partitions);
    tracker.answered(1, undefined, partitions);
    const afterTheOther = tracker.now;
    tracker.answered(0, undefined, partitions);

    expect(afterTheOther).toBe('offline');
    expect(told).toEqual(['suspect > coherent', 'coherent > offline', 'offline > coherent']);
  });
});

describe('an outage', () => {
  it('is noticed though nobody reads, as long as somebody listens to state', async () => {
    const control = testStore();
    await using handle = await openDict({
      namespace: 'numbers',
      store: control,
      maxStaleness: 100,
      timeout: 100,
    });
    const states: string[] = [];
    const listener = (now: string): void => {
      states.push(now);
    };
    handle.on('state', listener);
    const { position } = control.calls;
    await until('it has rested', () => control.calls.position > position + 5);

    control.refuse();
    await until('it is noticed', () => states.length > 0);

    expect(states).toEqual(['offline']);
    control.heal();
    handle.off('state', listener);
  });
});
