import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigMismatchError, type NearDict, type OpenOptions, openDict, type Store } from 'neardict';
import { KEY_HASH, partitioner } from '../../lib/store/partitioner.ts';
import { FeedRecorder } from '../../lib/testing/contract/feedRecorder.ts';
import { openSpace } from '../support/openSpace.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 8;

/** What a dictionary promises that is kept in several partitions, on any store. */
export function partitionsContract(name: string, makeStore: () => Store): void {
  describe(`a dictionary in ${PARTITIONS} partitions ${name}`, () => {
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`);
    const values = Object.fromEntries(keys.map((key, index) => [key, index]));
    let namespace: string;
    let opened: NearDict<Record<string, number>>[];
    let writer: NearDict<Record<string, number>>;
    let reader: NearDict<Record<string, number>>;

    async function open(options: Partial<OpenOptions> = {}): Promise<NearDict<Record<string, number>>> {
      const handle = await openDict<Record<string, number>>({
        namespace,
        store: makeStore(),
        partitions: PARTITIONS,
        ...options,
      });
      opened.push(handle);
      return handle;
    }

    beforeEach(async () => {
      namespace = `partitions-${randomUUID()}`;
      opened = [];
      writer = await open();
      reader = await open();
    });
    afterEach(async () => {
      for (const each of opened) await each.close();
    });

    it('reads, walks and counts everything, wherever it is', async () => {
      await writer.setMany(values);

      expect(await reader.getMany(keys)).toEqual(values);
      expect(await reader.snapshot()).toEqual(values);
      expect(await reader.snapshot({ prefix: 'key 1' })).toEqual(
        Object.fromEntries(Object.entries(values).filter(([key]) => key.startsWith('key 1'))),
      );
      expect(await reader.size()).toBe(keys.length);
      expect(await reader.deleteMany(keys.slice(0, 10))).toBe(10);
      expect(await writer.size()).toBe(keys.length - 10);
    });

    it('keeps keys apart that look like names of its own', async () => {
      const odd = ['{a}', 'a}/b', '}/x', '/', '#position', 'update', '{0}/x'];
      for (const [index, key] of odd.entries()) await writer.set(key, index);

      expect(Object.keys(await reader.snapshot()).toSorted()).toEqual(odd.toSorted());
      expect(await reader.snapshot({ prefix: '}/' })).toEqual({ '}/x': 2 });
    });

    it('caches a partition from its first read on, and hears of its changes', async () => {
      await writer.setMany(values);
      await until('all keys are in memory', async () => {
        await reader.getMany(keys);
        return keys.every((key) => reader.peek(key) !== undefined);
      });

      writer.dict['key 7'] = 700;
      await writer.delete('key 8');

      await until('the reader has heard of both', () => reader.peek('key 7') === 700);
      await until('the reader has heard of both', () => reader.peek('key 8') === undefined);
      expect(await reader.get('key 8')).toBeUndefined();
    });

    it('hears only of partitions that it reads', async () => {
      const partitionOf = partitioner(PARTITIONS);
      const [read = '', ...others] = keys;
      await until('the one key is in memory', async () => (await reader.get(read), reader.stats().hits > 0));
      const elsewhere = others.filter((key) => partitionOf(key) !== partitionOf(read) && partitionOf(key) !== 0);
      const before = reader.stats().messages;

      for (const key of elsewhere) await writer.set(key, 1);
      await writer.set(read, 1);
      await until('the reader has heard of its key', () => reader.peek(read) === 1);

      expect(elsewhere.length).toBeGreaterThan(20);
      expect(reader.stats().messages - before).toBe(1);
    });

    it('stays coherent while partitions are joined', async () => {
      const states: string[] = [];
      reader.on('state', (state) => states.push(state));
      await reader.getMany(keys);
      await until('all are followed', async () => (await reader.getMany(keys), reader.stats().hits >= keys.length));

      expect(states).toEqual([]);
    });

    it('tells who watches a key of everything that happens to it, from the call on', async () => {
      const changes = reader.watch('key 5');
      const first = changes.next();
      await writer.set('key 5', 1);
      expect((await first).value).toBeDefined();

      for (let value = 2; value <= 4; value++) {
        await writer.set('key 5', value);
        await until('the watcher gets it', async () => (await changes.next()).value?.value === value);
      }
      await changes.return?.();
    });

    it('tells who listens of changes in all partitions', async () => {
      const heard = new Set<string>();
      reader.on('change', (change) => 'key' in change && heard.add(change.key));
      await until('it has heard of every key', async () => {
        await writer.setMany(values);
        return heard.size === keys.length;
      });

      expect([...heard].toSorted()).toEqual(keys.toSorted());
    });

    it('is empty after a clear, in every cache', async () => {
      await writer.setMany(values);
      await reader.getMany(keys);
      await writer.clear();

      expect(await writer.size()).toBe(0);
      await until('the reader has heard of it', () => keys.every((key) => reader.peek(key) === undefined));
      expect(await reader.get('key 1')).toBeUndefined();
    });

    it('keeps keys together for which partitionBy returns the same', async () => {
      namespace += '-by';
      const partitionBy = (key: string): string => key.slice(0, 3);
      const [one, other] = [await open({ partitionBy }), await open({ partitionBy })];
      await one.setMany({ 'ada:name': 1, 'ada:age': 2, 'bob:name': 3 });

      expect(await other.getMany(['ada:name', 'ada:age', 'bob:name'])).toEqual({
        'ada:name': 1,
        'ada:age': 2,
        'bob:name': 3,
      });
      const layout = { partitions: PARTITIONS, hash: 'custom', codec: 'msgpack' };
      const space = await openSpace(makeStore(), { namespace, layout });
      const id = partitioner(PARTITIONS, partitionBy)('ada:name');
      expect((await space.log(id, performance.now() + 20_000))[0]?.keys).toEqual(['ada:name', 'ada:age']);
      await space.close();
    });

    it.each<[string, Partial<OpenOptions>]>([
      ['another number of partitions', { partitions: 4 }],
      ['one partition', { partitions: 1 }],
      ['another way to spread keys', { partitionBy: (key) => key }],
    ])('refuses to open with %s', async (_, options) => {
      await expect(open(options)).rejects.toThrow(ConfigMismatchError);
    });

    it('tells a feed nothing more when it is left', async () => {
      const layout = { partitions: PARTITIONS, hash: KEY_HASH, codec: 'msgpack' };
      const space = await openSpace(makeStore(), { namespace, layout });
      const deadline = performance.now() + 20_000;
      const [left, kept] = [new FeedRecorder(), new FeedRecorder()];
      await Promise.all([space.follow(3, left, deadline), space.follow(3, kept, deadline)]);
      space.unfollow(3, left);

      const batch = { deletes: ['x'], sets: [], clear: false };
      const { position } = await space.write(3, batch, deadline);
      await kept.heard(position);

      expect(left.messages).toEqual([]);
      await space.close();
    });
  });
}
