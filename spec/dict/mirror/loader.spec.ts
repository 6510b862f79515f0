import { describe, expect, it } from '@jest/globals';
import { ClosedError, type NearDict, openDict, UnavailableError } from 'neardict';
import { type TestStore, testStore, until } from 'neardict/testing';
import { turn } from '../../support/openInMemory.ts';

type Numbers = Record<string, number>;

interface Fixture extends AsyncDisposable {
  readonly store: TestStore;
  readonly here: NearDict<Numbers>;
  /** Another process, which nothing disturbs. */
  readonly there: NearDict<Numbers>;
}

async function openFixture(timeout: number = 20_000): Promise<Fixture> {
  const store = testStore();
  const shared = { namespace: 'numbers', partitions: 4, timeout };
  const there = await openDict<Numbers>({ ...shared, store: store.elsewhere });
  await there.setMany({ a: 0, b: 1 });
  const here = await openDict<Numbers>({ ...shared, store });
  here.on('error', () => {});
  return {
    store,
    here,
    there,
    async [Symbol.asyncDispose]() {
      store.heal();
      await here.close();
      await there.close();
    },
  };
}

describe('the load of a mirror', () => {
  it('that the store refuses is refused by its reason, and can be asked for again', async () => {
    await using fixture = await openFixture();
    const { store, here } = fixture;
    const refusing = store.refuse('read');

    await expect(here.mirror()).rejects.toThrow('The test store refuses.');
    refusing.end();

    expect((await here.mirror()).config).toEqual({ a: 0, b: 1 });
  });

  it('fails when changes can not be followed for longer than timeout, although reads are answered', async () => {
    await using fixture = await openFixture(1000);
    const { store, here } = fixture;
    const cut = store.drop('1h');

    const opening = here.mirror();

    await expect(opening).rejects.toThrow(UnavailableError);
    await expect(opening).rejects.toThrow('The feed of changes is interrupted');
    cut.end();
    expect((await here.mirror()).config).toEqual({ a: 0, b: 1 });
  });

  it('ends when its dictionary is closed, and asks for nothing more', async () => {
    await using fixture = await openFixture();
    const { store, here } = fixture;
    const held = store.hold('scan');
    const { read } = store.calls;
    const opening = here.mirror();
    opening.catch(() => {});
    await held.reached;

    await here.close();
    held.end();

    await expect(opening).rejects.toThrow(ClosedError);
    await turn();
    expect(store.calls.read).toBe(read);
  });

  it('of what was missed is told of once while it fails, and tried until it succeeds; what is known stays', async () => {
    await using fixture = await openFixture();
    const { store, here, there } = fixture;
    const mirror = await here.mirror();
    const errors: unknown[] = [];
    mirror.on('error', (error) => errors.push(error));
    const [losing, refusing] = [store.lose(), store.refuse('read')];
    // More than the log of the partition tells of.
    for (let count = 1; count <= 300; count++) await there.set('a', count);

    losing.end();
    await there.set('a', 301);
    await until('it is told', () => errors.length > 0);
    const { scan } = store.calls;
    await until('it has tried again', () => store.calls.scan > scan + 4);
    expect(mirror.config).toEqual({ a: 0, b: 1 });
    expect(mirror.state).not.toBe('coherent');
    refusing.end();

    await until('it is current', () => mirror.config['a'] === 301);
    expect(mirror.config).toEqual({ a: 301, b: 1 });
    expect(errors).toEqual([expect.any(UnavailableError)]);
  });
});
