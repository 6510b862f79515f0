import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConflictError, KeyError, type NearDict, type OpenOptions, openDict, REMOVE, type Store } from 'neardict';
import { until } from '../support/until.ts';

type Numbers = NearDict<Record<string, number>>;

const PARTITIONS = 4;

/** What writes promise on any store, in whichever way they get there. */
export function writerContract(name: string, makeStore: () => Store, options: Partial<OpenOptions> = {}): void {
  describe(`writes ${name}`, () => {
    let opened: Numbers[];
    let one: Numbers;
    let two: Numbers;

    beforeEach(async () => {
      const namespace = `writers-${randomUUID()}`;
      const partitionBy = (key: string): string => key.split(':')[0] ?? '';
      const open = (): Promise<Numbers> =>
        openDict({ namespace, store: makeStore(), partitions: PARTITIONS, partitionBy, ...options });
      opened = [await open(), await open()];
      [one, two] = opened as [Numbers, Numbers];
    });
    afterEach(async () => {
      for (const each of opened) await each.close();
    });

    it('are seen here at once, and by others after a flush: the last of each key', async () => {
      one.dict['a'] = 1;
      one.dict['a'] = 2;
      one.dict['b'] = 3;
      delete one.dict['b'];
      expect([await one.reads['a'], await one.reads['b'], one.peek('a')]).toEqual([2, undefined, 2]);

      await one.flush();
      expect(await two.getMany(['a', 'b'])).toEqual({ a: 2, b: undefined });
    });

    it('that are awaited are in the store, and say what was there', async () => {
      const version = await one.set('a', 1);
      await one.setMany({ b: 2, c: 3 });

      expect(await two.getEntry('a')).toEqual({ value: 1, version, expiresAt: undefined });
      expect([await one.delete('b'), await one.delete('b')]).toEqual([true, false]);
      expect(await one.deleteMany(['a', 'b', 'c'])).toBe(2);
      expect(await two.size()).toBe(0);
    });

    it('come in the order in which they were made, whether or not they are awaited', async () => {
      one.dict['a'] = 1;
      const set = one.set('a', 2);
      one.dict['a'] = 3;
      await set;
      expect(await one.reads['a']).toBe(3);
      await one.flush();
      expect(await two.get('a', { fresh: true })).toBe(3);

      one.dict['a'] = 4;
      expect(await one.delete('a')).toBe(true);
      await one.flush();
      expect(await two.get('a', { fresh: true })).toBeUndefined();
    });

    it('by version are applied to that version alone', async () => {
      const version = await one.set('a', 1, { ifVersion: null });
      await expect(two.set('a', 2, { ifVersion: null })).rejects.toMatchObject({ key: 'a', version });
      const next = await two.set('a', 2, { ifVersion: version });
      await expect(one.set('a', 3, { ifVersion: version })).rejects.toThrow(ConflictError);

      expect(await one.getEntry('a')).toMatchObject({ value: 2, version: next });
    });

    it('by update lose nothing, of two who make them at once', async () => {
      one.dict['a'] = 10;
      await one.flush();
      const updates = Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : two).update('a', (n = 0) => n + 1),
      );
      await Promise.all(updates);

      expect(await two.get('a', { fresh: true })).toBe(50);
      expect(await one.update('a', () => REMOVE)).toBeUndefined();
      expect(await two.getEntry('a')).toBeUndefined();
    });

    it('by update come behind assignments, and before later ones', async () => {
      one.dict['a'] = 5;
      const update = one.update('a', (n = 0) => n + 1);
      await update;
      one.dict['b'] = 1;

      expect([await update, await one.update('b', (n = 0) => n + 1)]).toEqual([6, 2]);
      await one.flush();
      expect(await two.getMany(['a', 'b'])).toEqual({ a: 6, b: 2 });
    });

    it('by update of several keys of one partition are one step, and of several partitions refused', async () => {
      await one.setMany({ 'x:a': 10, 'x:b': 10 });
      const move = (handle: Numbers): Promise<unknown> =>
        handle.update(['x:a', 'x:b'], ({ 'x:a': a = 0, 'x:b': b = 0 }) => ({ 'x:a': a - 1, 'x:b': b + 1 }));
      await Promise.all([one, two, one, two].map(move));

      expect(await two.snapshot()).toEqual({ 'x:a': 6, 'x:b': 14 });
      const keys = Array.from({ length: 20 }, (_, index) => `${index}`);
      await expect(one.update(keys, () => Object.fromEntries(keys.map((key) => [key, 1])))).rejects.toThrow(KeyError);
    });

    it('by getOrSet make a value once, and all get that one', async () => {
      let made = 0;
      const values = await Promise.all([one, two, one, two].map((handle) => handle.getOrSet('a', () => ++made)));

      expect(new Set(values).size).toBe(1);
      expect(made).toBeLessThanOrEqual(2);
      expect(await two.get('a', { fresh: true })).toBe(values[0]);
    });

    it('live as long as they say, anew with each of them', async () => {
      const before = Date.now();
      await one.set('a', 1, { ttl: '1h' });
      await one.set('b', 1, { ttl: 1500 });
      expect(await two.get('b')).toBe(1);
      const { expiresAt = 0 } = (await two.getEntry('a')) ?? {};
      expect(expiresAt - before).toBeGreaterThan(3_590_000);
      expect(expiresAt - before).toBeLessThan(3_700_000);

      await until(
        'it is gone in both',
        async () => (await two.get('b')) === undefined && (await one.get('b')) === undefined,
      );
      one.dict['a'] = 2;
      await one.flush();
      expect((await two.getEntry('a'))?.expiresAt).toBeUndefined();
    });

    it('reach the store before a walk through it, and before the end', async () => {
      one.dict['a'] = 1;
      one.dict['b'] = 2;
      expect(await one.snapshot()).toEqual({ a: 1, b: 2 });
      one.dict['b'] = 3;
      await one.close();

      expect(await two.get('b', { fresh: true })).toBe(3);
    });

    it('are all deleted by clear', async () => {
      one.dict['a'] = 1;
      await one.set('b', 2);
      await one.clear();

      expect([await one.reads['a'], await two.size()]).toEqual([undefined, 0]);
    });
  });
}
