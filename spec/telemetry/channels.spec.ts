import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MessageEvent, NearDict, OpenEvent, ReadEvent, RepairEvent, StateEvent, WriteEvent } from 'neardict';
import { openDict, UnavailableError } from 'neardict';
import { testStore, until } from 'neardict/testing';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { wrapStore } from '../support/wrapStore.ts';

const subscriptions: (() => void)[] = [];

/** What a channel brings from now on. */
function heard<E>(name: string): E[] {
  const events: E[] = [];
  const listener = (event: unknown): void => {
    events.push(event as E);
  };
  subscribe(name, listener);
  subscriptions.push(() => unsubscribe(name, listener));
  return events;
}

/** The calls that a tracing channel brings from now on, with what became of each. */
function traced<E>(name: string): E[] {
  return heard<E>(`tracing:${name}:asyncEnd`);
}

describe('the diagnostics channels', () => {
  let namespace: string;
  let settings: NearDict;
  beforeEach(async () => {
    namespace = freshNamespace();
    settings = await openInMemory({ namespace });
  });
  afterEach(async () => {
    for (const end of subscriptions.splice(0)) end();
    await settings.close();
  });

  it('tell of each call that reads from the store, and of none that memory answers', async () => {
    await settings.setMany({ ada: 7, bob: 8 });
    const other = await openDict({ namespace });
    const reads = traced<ReadEvent>('neardict:read');

    await Promise.all([other.dict['ada'], other.dict['nobody']]);
    for (let times = 0; times < 100; times++) await other.dict['ada'];

    expect(reads).toEqual([{ namespace, store: 'memory', partition: 0, keys: ['ada', 'nobody'], result: 1 }]);
    await other.close();
  });

  it('tell of a call that reads whatever is there which keys it has found', async () => {
    await settings.setMany({ ada: 7, bob: 8 });
    const store = wrapStore((space) => ({
      block: async (partition, _prefix, _cursor, deadline) => {
        const keys = ['ada', 'bob', 'nobody'];
        return { ...(await space.read(partition, keys, deadline)), keys, next: undefined };
      },
    }));
    const other = await openDict({ namespace, store });
    const reads = traced<ReadEvent>('neardict:read');

    expect(await other.snapshot()).toEqual({ ada: 7, bob: 8 });

    expect(reads).toEqual([{ namespace, store: 'memory', partition: 0, keys: ['ada', 'bob', 'nobody'], result: 2 }]);
    await other.close();
  });

  it('tell of each call that writes, without values', async () => {
    const writes = traced<WriteEvent>('neardict:write');

    settings.dict['ada'] = 7;
    delete settings.dict['bob'];
    await settings.flush();
    await settings.set('ada', 8, { ifVersion: null }).catch(() => {});

    const about = { namespace, store: 'memory', partition: 0, clear: false };
    expect(writes).toEqual([
      { ...about, keys: ['bob', 'ada'], sets: 1, deletes: 1, bytes: 1, result: 0 },
      { ...about, keys: ['ada'], sets: 1, deletes: 0, bytes: 1, result: 1 },
    ]);
  });

  it('tell why a call failed', async () => {
    const unreliable = testStore();
    const failing = await openDict({ namespace: freshNamespace(), store: unreliable });
    const reads = traced<ReadEvent>('neardict:read');
    unreliable.refuse();

    await expect(failing.get('ada')).rejects.toThrow(UnavailableError);

    expect(reads).toMatchObject([{ keys: ['ada'], error: expect.any(UnavailableError) }]);
    await failing.close();
  });

  it('let a subscriber follow a call from its start to its end', async () => {
    const steps: string[] = [];
    const subscribers = {
      start: () => steps.push('start'),
      end: () => steps.push('end'),
      asyncStart: () => steps.push('asyncStart'),
      asyncEnd: () => steps.push('asyncEnd'),
      error: () => steps.push('error'),
    };
    const channel = tracingChannel<string, ReadEvent>('neardict:read');
    channel.subscribe(subscribers);
    subscriptions.push(() => channel.unsubscribe(subscribers));

    await settings.get('ada');

    expect(steps).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  });

  it('tell of messages by others and of own ones', async () => {
    const other = await openDict({ namespace });
    await other.get('ada');
    await settings.get('ada');
    const messages = heard<MessageEvent>('neardict:message');

    await settings.set('ada', 7);
    await turn();

    const about = { namespace, store: 'memory', partition: 0, keys: ['ada'], clear: false };
    expect(messages).toHaveLength(2);
    expect(messages).toEqual(
      expect.arrayContaining([
        { ...about, local: true },
        { ...about, local: false },
      ]),
    );
    await other.close();
  });

  it('tell what was dropped because changes were missed', async () => {
    const unreliable = testStore();
    const other = await openDict({ namespace, store: unreliable.elsewhere });
    await other.set('eve', 1);
    const shaky = await openDict({ namespace, store: unreliable });
    await shaky.get('ada');
    const repairs = heard<RepairEvent>('neardict:repair');
    const loss = unreliable.lose();
    await other.setMany({ ada: 7, bob: 8 });
    await turn();
    loss.end();
    await other.set('ada', 9);

    await until('it is told', () => repairs.length > 0);

    expect(repairs).toEqual([{ namespace, store: 'memory', partition: 0, dropped: 2 }]);
    await shaky.close();
    await other.close();
  });

  it('bring dictionaries as they are opened, and what their state becomes', async () => {
    const opened = heard<OpenEvent>('neardict:open');
    const states = heard<StateEvent>('neardict:state');

    const other = await openDict({ namespace });
    await other.close();

    expect(opened).toEqual([{ namespace, store: 'memory', handle: other }]);
    expect(states).toEqual([{ namespace, store: 'memory', now: 'coherent', before: 'suspect' }]);
  });
});
