import { describe, expect, it } from '@jest/globals';
import { type DictChange, openDict, type Space, UnavailableError } from 'neardict';
import { ChangeHub } from '../../lib/dict/changeHub.ts';
import { DictEmitter } from '../../lib/dict/events.ts';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { gate, wrapStore } from '../support/wrapStore.ts';

describe('watch(key)', () => {
  it('yields the latest value after each change, and delete when it is gone', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<{ x: number; y: number }>({ namespace });
    await using there = await openDict<{ x: number; y: number }>({ namespace });
    const changes = there.watch('x');

    await here.set('y', 0);
    await here.set('x', 1);
    const first = await changes.next();
    await here.set('x', 2);
    await here.set('x', 3);
    const second = await changes.next();
    await here.delete('x');
    const third = await changes.next();

    expect(first).toEqual({ done: false, value: { type: 'set', value: 1 } });
    expect(second).toEqual({ done: false, value: { type: 'set', value: 3 } });
    expect(third).toEqual({ done: false, value: { type: 'delete', value: undefined } });
    await changes.return?.();
  });

  it('waits for the next change when there is none', async () => {
    await using handle = await openInMemory<{ x: number }>();
    const changes = handle.watch('x');

    const next = changes.next();
    await turn();
    await handle.set('x', 1);

    expect(await next).toEqual({ done: false, value: { type: 'set', value: 1 } });
    await changes.return?.();
  });

  it('yields the present value first, with initial', async () => {
    await using handle = await openInMemory<{ x: number; missing: number }>();
    await handle.set('x', 1);
    const present = handle.watch('x', { initial: true });
    const missing = handle.watch('missing', { initial: true });

    expect(await present.next()).toEqual({ done: false, value: { type: 'set', value: 1 } });
    expect(await missing.next()).toEqual({ done: false, value: { type: 'delete', value: undefined } });
    await present.return?.();
    await missing.return?.();
  });

  it('yields after a clear', async () => {
    await using handle = await openInMemory<{ x: number }>();
    await handle.set('x', 1);
    const changes = handle.watch('x');

    await handle.clear();

    expect(await changes.next()).toEqual({ done: false, value: { type: 'delete', value: undefined } });
    await changes.return?.();
  });

  it('ends for-await when the loop is left, and is forgotten', async () => {
    await using handle = await openInMemory<{ x: number }>();
    const met: unknown[] = [];

    for await (const change of handle.watch('x', { initial: true })) {
      met.push(change);
      if (met.length === 2) break;
      await handle.set('x', 1);
    }

    expect(met).toEqual([
      { type: 'delete', value: undefined },
      { type: 'set', value: 1 },
    ]);
  });

  it('ends when the dictionary is closed, also while a change waits to be read', async () => {
    const handle = await openInMemory<{ x: number }>({ cache: false });
    const waiting = handle.watch('x');
    const behind = handle.watch('x', { initial: true });
    const next = waiting.next();

    await handle.close();

    expect(await next).toEqual({ done: true, value: undefined });
    expect(await behind.next()).toEqual({ done: true, value: undefined });
    expect(await behind.next()).toEqual({ done: true, value: undefined });
  });

  it('throws the reason when aborted: before, while waiting, and while the value is read', async () => {
    const hold = gate();
    const store = wrapStore((space) => ({
      async read(...args: Parameters<Space['read']>) {
        await hold.pass();
        return space.read(...args);
      },
    }));
    await using handle = await openInMemory<{ x: number }>({ store });
    const reason = new Error('enough');
    const before = handle.watch('x', { signal: AbortSignal.abort(reason) });
    const waiting = new AbortController();
    const reading = new AbortController();
    const nextWaiting = handle.watch('x', { signal: waiting.signal }).next();
    const nextReading = handle.watch('x', { initial: true, signal: reading.signal }).next();

    await hold.reached;
    waiting.abort(reason);
    reading.abort(reason);

    await expect(before.next()).rejects.toBe(reason);
    await expect(nextWaiting).rejects.toBe(reason);
    await expect(nextReading).rejects.toBe(reason);
    hold.open();
  });

  it('is over after a value could not be read', async () => {
    let isBroken = true;
    const store = wrapStore((space) => ({
      read: (...args: Parameters<Space['read']>) =>
        isBroken ? Promise.reject(new UnavailableError('gone')) : space.read(...args),
    }));
    await using handle = await openInMemory<{ x: number }>({ store });
    const changes = handle.watch('x', { initial: true });

    await expect(changes.next()).rejects.toThrow(UnavailableError);
    isBroken = false;
    await handle.set('x', 1);

    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });
});

describe('a watcher that nobody has asked yet', () => {
  it('is forgotten when its signal is aborted', () => {
    const hub = new ChangeHub(new DictEmitter('users'), () => {});
    const controller = new AbortController();
    hub.watch(() => true, controller.signal).iterate();
    hub.watch(() => true, AbortSignal.abort()).iterate();
    const before = hub.isListening;

    controller.abort();

    expect([before, hub.isListening]).toEqual([true, false]);
  });
});

describe('watch()', () => {
  it('yields the latest change per key in the order of the latest', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Record<string, number>>({ namespace });
    await using there = await openDict<Record<string, number>>({ namespace });
    const changes = there.watch();

    await here.set('a', 1);
    await here.set('b', 2);
    const version = await here.set('a', 3);
    await here.delete('b');
    await here.set('c', 4);
    await here.flush();
    const met = [await changes.next(), await changes.next(), await changes.next()].map(
      ({ value }) => value as DictChange,
    );

    expect(met).toEqual([
      { type: 'set', key: 'a', version, local: false },
      { type: 'delete', key: 'b', version: null, local: false },
      { type: 'set', key: 'c', version: expect.any(String), local: false },
    ]);
    await changes.return?.();
  });

  it('replaces what came before by a clear', async () => {
    await using handle = await openInMemory<Record<string, number>>();
    const changes = handle.watch();

    await handle.set('a', 1);
    await handle.clear();
    await handle.set('b', 2);

    expect((await changes.next()).value).toEqual({ type: 'clear', local: true });
    expect((await changes.next()).value).toMatchObject({ type: 'set', key: 'b', local: true });
    await changes.return?.();
  });

  it('says resync to a consumer that is more than 10 000 keys behind', async () => {
    await using handle = await openInMemory<Record<string, number>>();
    const changes = handle.watch();

    await handle.setMany(Array.from({ length: 10_001 }, (_, index) => [`key-${index}`, index] as const));
    await handle.set('after', 1);

    expect((await changes.next()).value).toEqual({ type: 'resync' });
    expect((await changes.next()).value).toMatchObject({ type: 'set', key: 'after' });
    await changes.return?.();
  });

  it('brings ten thousand changes without losing any', async () => {
    await using handle = await openInMemory<Record<string, number>>();
    const changes = handle.watch();
    const met = new Set<string>();

    await handle.setMany(Array.from({ length: 10_000 }, (_, index) => [`key-${index}`, index] as const));
    while (met.size < 10_000) {
      const { value } = (await changes.next()) as { value: DictChange };
      met.add('key' in value ? value.key : value.type);
    }

    expect(met).not.toContain('resync');
    await changes.return?.();
  });

  it('ends a next() that waits when it is returned', async () => {
    await using handle = await openInMemory();
    const changes = handle.watch();
    const next = changes.next();

    await changes.return?.();

    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('throws the reason when aborted', async () => {
    await using handle = await openInMemory();
    const controller = new AbortController();
    const next = handle.watch({ signal: controller.signal }).next();

    controller.abort(new Error('enough'));

    await expect(next).rejects.toThrow('enough');
  });

  it('can have many watchers, each with all changes', async () => {
    await using handle = await openInMemory();
    const watchers = Array.from({ length: 20 }, () => handle.watch());

    await handle.set('x', 1);
    const first = await Promise.all(watchers.map((watcher) => watcher.next()));

    expect(first.map(({ value }) => (value as DictChange).type)).toEqual(watchers.map(() => 'set'));
    for (const watcher of watchers) await watcher.return?.();
  });
});
