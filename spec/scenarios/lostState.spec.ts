import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type DictChange, type DictState, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { batch, bytes, soon } from '../../lib/testing/contract/batches.ts';
import { openSpace } from '../support/openSpace.ts';
import { type Place, places } from '../support/places.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

/** What a dictionary keeps in Redis is lost or damaged behind its back, while its connections stay. */
describe.each(places)('a dictionary on %s', (_place, start) => {
  const options = { namespace: 'lost', partitions: 1, maxStaleness: 1000, timeout: 20_000 };
  let place: Place;
  let client: Awaited<ReturnType<Place['connect']>>;
  /** What names start with. */
  let names: string;
  /** On connections of its own. */
  let member: NearDict<Numbers>;
  /** On a borrowed client. */
  let other: NearDict<Numbers>;
  let states: DictState[];
  let changes: DictChange[];
  beforeAll(async () => {
    place = await start();
    client = await place.connect();
    names = place.startOf('lost', 'a', 1);
  });
  beforeEach(async () => {
    member = await openDict<Numbers>({ ...options, store: redisStore(place.source) });
    other = await openDict<Numbers>({ ...options, store: redisStore(client) });
    await member.setMany({ a: 1, b: 1 });
    await until('the other follows', async () => (await other.get('b')) === 1);
    states = [];
    changes = [];
    member.on('state', (now) => states.push(now));
    member.on('change', (change) => changes.push(change));
  });
  afterEach(async () => {
    await Promise.all([member.close(), other.close()]);
    await place.sendAll('FLUSHALL');
  });
  afterAll(async () => {
    await client.end();
    await place.stop();
  });

  const handles = (): readonly NearDict<Numbers>[] => [member, other];

  async function both(what: string, hold: (handle: NearDict<Numbers>) => Promise<boolean>): Promise<void> {
    for (const handle of handles()) await until(`both: ${what}`, () => hold(handle));
  }

  /** Both write, hear of each other and are coherent. */
  async function isWell(): Promise<void> {
    await member.set('a', 8);
    await until('the other follows', async () => (await other.get('a')) === 8);
    await other.set('a', 9);
    await until('the member follows', async () => (await member.get('a')) === 9);
    await both('are coherent', async ({ state }) => state === 'coherent');
    expect(await place.send('STRLEN', `${names}#position`)).toBe(12);
  }

  it('that is flushed is empty within maxStaleness, and goes on', async () => {
    await place.sendAll('FLUSHALL');

    await both('have nothing', async (handle) => (await handle.get('a')) === undefined);
    await isWell();
    expect(changes).toContainEqual({ type: 'resync' });
    expect(String(await place.send('GET', 'lost#meta'))).toContain('"protocol":1');
  });

  it('that is flushed and written again up to the same number keeps nothing of the old values', async () => {
    await place.sendAll('FLUSHALL');
    await using third = await openDict<Numbers>({ ...options, store: redisStore(place.source) });
    await third.set('c', 1);

    await both('have the new ones', async (handle) => (await handle.get('a')) === undefined);
    await both('have the new ones', async (handle) => (await handle.get('c')) === 1);
    await isWell();
    expect(changes).toContainEqual({ type: 'resync' });
  });

  it('whose scripts are flushed notices nothing', async () => {
    for (let value = 2; value < 5; value++) {
      await place.sendAll('SCRIPT', 'FLUSH');
      await member.set('a', value);
      await until('the other follows', async () => (await other.get('a')) === value);
    }

    expect(states).toEqual([]);
    await isWell();
  });

  it('whose position is deleted keeps its values, and goes on', async () => {
    await place.send('DEL', `${names}#position`);

    await until('the member has noticed', async () => {
      await member.get('a');
      return changes.some(({ type }) => type === 'resync');
    });
    expect(await member.getMany(['a', 'b'])).toEqual({ a: 1, b: 1 });
    await isWell();
  });

  describe.each([
    ['text', ['SET', 'garbage']],
    ['nothing', ['SET', '']],
    ['a list', ['LPUSH', 'garbage']],
    ['a hash', ['HSET', 'field', 'garbage']],
  ])('whose position is replaced by %s', (_name, [command = '', ...args]) => {
    beforeEach(async () => {
      await place.send('DEL', `${names}#position`);
      await place.send(command, `${names}#position`, ...args);
    });

    it('answers reads from the store, refuses writes and to be opened, and is well when it is deleted', async () => {
      const refused = [
        await member.set('a', 2).catch((caught: unknown) => caught),
        await other.delete('a').catch((caught: unknown) => caught),
        await openDict({ ...options, store: redisStore(place.source) }).catch((caught: unknown) => caught),
      ];

      for (const error of refused) {
        expect(error).toBeInstanceOf(UnavailableError);
        expect(String(error)).toMatch(/names in Redis/i);
        expect(String(error)).toContain('delete it');
      }
      await until('the member knows', async () => {
        await member.get('a');
        return member.state === 'offline';
      });
      expect(await member.getMany(['a', 'b'])).toEqual({ a: 1, b: 1 });
      await place.send('SET', `${names}/a`, Buffer.from([7]).toString());
      await both('read the store', async (handle) => (await handle.get('a')) === 7);

      await place.send('DEL', `${names}#position`);
      await isWell();
    });
  });

  describe.each([
    ['nothing', []],
    ['text', ['SET', 'garbage']],
    ['a hash', ['HSET', 'field', 'garbage']],
    ['a list of something else', ['RPUSH', 'garbage', 'garbage']],
  ])('whose change log is replaced by %s', (_name, [command, ...args]) => {
    it('repairs itself without it', async () => {
      await until('the feeds are cut', async () => {
        const killed = await place.sendAll('CLIENT', 'KILL', 'TYPE', 'pubsub');
        return killed.some((count) => Number(count) > 0);
      });
      await place.send('SET', `${names}/b`, Buffer.from([5]).toString());
      await other.set('a', 2);
      await place.send('DEL', `${names}#log`);
      if (command !== undefined) await place.send(command, `${names}#log`, ...args);

      await until('the member sees it', async () => (await member.get('a')) === 2);
      await isWell();
      expect(await place.send('TYPE', `${names}#log`)).toBe('list');
    });
  });

  describe('that has something of another type under one of its keys', () => {
    beforeEach(async () => {
      await place.send('HSET', `${names}/foreign`, 'field', 'value');
    });

    it('does not see it, and leaves it alone where it is not named', async () => {
      expect(await member.get('foreign')).toBeUndefined();
      expect(await member.has('foreign')).toBe(false);
      expect(await member.size()).toBe(2);
      expect(Object.keys(await member.snapshot()).toSorted()).toEqual(['a', 'b']);
      await member.clear();
      expect(await place.send('HGET', `${names}/foreign`, 'field')).toBe('value');
    });

    it('replaces it by a plain write of this key, and removes it by a delete, as Redis does', async () => {
      await member.set('foreign', 1);
      await until('the other follows', async () => (await other.get('foreign')) === 1);
      await place.send('DEL', `${names}/foreign`);
      await place.send('HSET', `${names}/foreign`, 'field', 'value');
      expect(await other.delete('foreign')).toBe(true);
      await isWell();
    });

    it('refuses to compare it', async () => {
      const space = await openSpace(redisStore(client), { namespace: 'lost' });
      const conditions = [{ key: 'foreign', version: null }];

      const writing = space.write(0, { ...batch({ sets: [['foreign', bytes('1')]] }), conditions }, soon());

      await expect(writing).rejects.toThrow(/WRONGTYPE.*delete it/);
      expect(await place.send('HGET', `${names}/foreign`, 'field')).toBe('value');
      await space.close();
    });
  });
});
