import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Batch,
  type Change,
  ClosedError,
  ConfigMismatchError,
  type LoggedCall,
  type Message,
  type Receipt,
  type Space,
  type SpaceOptions,
  type Store,
} from 'neardict';
import { samePosition } from '../../lib/store/position.ts';
import { versionOf } from '../../lib/store/version.ts';
import { batch, bytes, soon, text } from '../support/batches.ts';
import { FeedRecorder } from '../support/feedRecorder.ts';
import { conditionCases, type SpaceUnderTest } from './conditionCases.ts';
import { ttlCases } from './ttlCases.ts';

const ORIGIN = 0x1234_5678_9abc;

/**
 * What every store promises, one case per sentence of `Store`, `Space` and `FeedListener`.
 *
 * @param makeStore - Called anew for each case, or twice where two stores are to see the same data.
 */
export function storeContract(name: string, makeStore: () => Store): void {
  describe(`${name} as a store`, () => {
    let store: Store;
    let namespace: string;
    let space: Space;
    let opened: Space[];

    async function open(options: Partial<SpaceOptions> = {}, from: Store = store): Promise<Space> {
      const layout = { partitions: 1, hash: 'fnv1a', codec: 'msgpack' };
      const whole = { namespace, layout, inlineBytes: 256, tracking: false, origin: ORIGIN, ...options };
      const one = await from.open(whole, soon());
      opened.push(one);
      return one;
    }

    async function follow(followed: Space = space): Promise<FeedRecorder> {
      const recorder = new FeedRecorder();
      await followed.follow(0, recorder, soon());
      return recorder;
    }

    const write = (parts: Partial<Batch>, to: Space = space): Promise<Receipt> => to.write(0, batch(parts), soon());
    const set = (key: string, value: string, to: Space = space): Promise<Receipt> =>
      write({ sets: [[key, bytes(value)]] }, to);
    const get = async (key: string, from: Space = space): Promise<string | undefined> =>
      text((await from.read(0, [key], soon())).values[0]);

    async function scanned(prefix: string, from: Space = space): Promise<string[]> {
      const found: string[] = [];
      for await (const keys of from.scan(prefix, soon)) found.push(...keys);
      return found;
    }

    beforeEach(async () => {
      store = makeStore();
      namespace = `contract-${randomUUID()}`;
      opened = [];
      space = await open();
    });
    afterEach(async () => {
      for (const each of opened) await each.close();
    });

    describe('reading', () => {
      it('finds nothing at the origin of a namespace that was never written', async () => {
        expect(await space.read(0, ['a', 'b'], soon())).toEqual({
          position: { seq: 0, nonce: 0 },
          values: [undefined, undefined],
        });
        expect(await space.position(0, soon())).toEqual({ seq: 0, nonce: 0 });
      });

      it('returns a value for each key in the order asked, undefined for a missing one', async () => {
        await write({
          sets: [
            ['a', bytes('1')],
            ['b', bytes('2')],
          ],
        });

        const { values } = await space.read(0, ['b', 'missing', 'a', 'b'], soon());

        expect(values.map(text)).toEqual(['2', undefined, '1', '2']);
      });

      it('returns the position with the values, also for no keys at all', async () => {
        const { position } = await set('a', '1');

        expect((await space.read(0, ['a'], soon())).position).toEqual(position);
        expect(await space.read(0, [], soon())).toEqual({ position, values: [] });
      });

      it('takes values and position in one step while others write', async () => {
        const other = await open({}, makeStore());
        const writing = Promise.all(
          Array.from({ length: 200 }, (_, index) =>
            write(
              {
                sets: [
                  ['left', bytes(String(index))],
                  ['right', bytes(String(index))],
                ],
              },
              other,
            ),
          ),
        );
        const snapshots = await Promise.all(
          Array.from({ length: 200 }, () => space.read(0, ['left', 'right'], soon())),
        );
        const valueAt = new Map((await writing).map(({ position }, index) => [position.seq, String(index)]));

        for (const { position, values } of snapshots) {
          const [left, right] = values.map(text);
          expect(left).toBe(right);
          expect(left).toBe(valueAt.get(position.seq));
        }
      });

      it('returns the bytes that were written, whatever they are', async () => {
        const binary = Uint8Array.from({ length: 256 }, (_, index) => index);
        const view = binary.subarray(250);
        await write({
          sets: [
            ['binary', binary],
            ['view', view],
            ['empty', new Uint8Array()],
            ['text', bytes('\r\n$-1\r\n\0ü')],
          ],
        });

        const { values } = await space.read(0, ['binary', 'view', 'empty', 'text'], soon());

        expect(values.map((value) => value && [...value])).toEqual(
          [binary, view, new Uint8Array(), bytes('\r\n$-1\r\n\0ü')].map((value) => [...value]),
        );
      });

      it('returns a large value whole', async () => {
        const large = new Uint8Array(3 * 1024 * 1024).fill(7);
        await write({ sets: [['large', large]] });

        const { values } = await space.read(0, ['large'], soon());

        expect(versionOf(values[0] as Uint8Array)).toBe(versionOf(large));
      });
    });

    describe('writing', () => {
      it('moves the position on by one and returns it', async () => {
        const first = await set('a', '1');
        expect(first.position.seq).toBe(1);
        expect(await space.position(0, soon())).toEqual(first.position);

        const second = await write({ deletes: ['a'] });
        expect(second.position.seq).toBe(2);
        expect(second.position.nonce).not.toBe(first.position.nonce);
        expect(await space.position(0, soon())).toEqual(second.position);
      });

      it('gives every write a nonce of at most 48 bits of its own', async () => {
        const receipts = await Promise.all(Array.from({ length: 100 }, () => set('a', '1')));
        const nonces = receipts.map(({ position }) => position.nonce);

        expect(new Set(nonces).size).toBe(100);
        for (const nonce of nonces) expect(Number.isInteger(nonce) && nonce >= 0 && nonce < 2 ** 48).toBe(true);
      });

      it('says of each deleted key whether it was there', async () => {
        await set('present', '1');

        const { existed } = await write({ deletes: ['missing', 'present', 'missing too'] });

        expect(existed).toEqual([false, true, false]);
        expect(await get('present')).toBeUndefined();
        expect((await write({ deletes: ['present'] })).existed).toEqual([false]);
      });

      it('deletes before it sets: a key in both lists ends up set, and existed if it was there before', async () => {
        await set('old', 'before');

        const { existed } = await write({
          deletes: ['old', 'new', 'gone'],
          sets: [
            ['old', bytes('after')],
            ['new', bytes('after')],
          ],
        });

        expect(existed).toEqual([true, false, false]);
        expect([await get('old'), await get('new')]).toEqual(['after', 'after']);
      });

      it('overwrites', async () => {
        await set('a', '1');
        await set('a', '2');

        expect(await get('a')).toBe('2');
      });

      it('takes an empty batch as a write that changes nothing', async () => {
        const feed = await follow();

        const { position, existed } = await write({});

        expect(position.seq).toBe(1);
        expect(existed).toEqual([]);
        await feed.messagesAre(1);
        expect(feed.messages[0]).toMatchObject({ position, changes: [], clear: false });
      });

      it('applies a batch of 1000 keys at once', async () => {
        const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
        const { position } = await write({ sets: keys.map((key) => [key, bytes(key)]) });

        expect(position.seq).toBe(1);
        expect((await space.read(0, keys, soon())).values.map(text)).toEqual(keys);

        const { existed } = await write({ deletes: keys });

        expect(existed).toEqual(keys.map(() => true));
        expect(await scanned('')).toEqual([]);
      });

      it('keeps keys apart that differ in case, spaces, normalization or special characters', async () => {
        const keys = ['a', 'A', ' a', 'a ', 'é', 'e\u0301', 'a/b', 'a#b', '#position', 'a*', '__proto__', '\0', '😀'];
        await write({ sets: keys.map((key, index) => [key, bytes(String(index))]) });

        expect((await space.read(0, keys, soon())).values.map(text)).toEqual(keys.map((_, index) => String(index)));
        expect((await scanned('')).toSorted()).toEqual(keys.toSorted());
      });
    });

    const use = (): SpaceUnderTest => ({ space, follow: () => follow(), openOther: () => open({}, makeStore()) });
    conditionCases(use);
    ttlCases(use);

    describe('the feed', () => {
      it('says that it is live before the first message, and never from inside the call', async () => {
        for (const recorder of [new FeedRecorder(), new FeedRecorder()]) {
          const following = space.follow(0, recorder, soon());
          expect(recorder.events).toEqual([]);

          await following;
          expect(recorder.events).toEqual(['live']);

          await set('a', '1');
          await recorder.messagesAre(1);
          expect(recorder.events).toEqual(['live', 'message']);
        }
      });

      it('announces every write from the moment it is live', async () => {
        const other = await open({}, makeStore());
        const stop = new AbortController();
        const receipts: Receipt[] = [];
        const writing = (async () => {
          while (!stop.signal.aborted) receipts.push(await set('a', '1', other));
        })();
        let firstUnheard = Number.POSITIVE_INFINITY;
        const feed = new FeedRecorder(() => {
          firstUnheard = Math.min(firstUnheard, receipts.length);
        });
        await space.follow(0, feed, soon());
        await set('b', '1', other);
        stop.abort();
        await writing;

        const owed = receipts.slice(firstUnheard + 1).map(({ position }) => position);
        await feed.heard(receipts.at(-1)?.position);
        const heard = feed.messages.map(({ position }) => position);
        for (const position of owed) expect(heard).toContainEqual(position);
      });

      it('announces a write with the position it continues, the one it made, its origin and its changes', async () => {
        const feed = await follow();
        const writer = await open({ origin: 42 }, makeStore());
        await set('gone', '1', writer);
        const before = await set('stays', '1', writer);

        const { position } = await write({ deletes: ['gone', 'missing'], sets: [['a', bytes('1')]] }, writer);

        await feed.messagesAre(3);
        const message = feed.messages[2] as Message;
        expect(message).toMatchObject({ previous: before.position, position, origin: 42, clear: false });
        expect(message.changes.map(plain)).toEqual([
          { type: 'delete', key: 'gone' },
          { type: 'delete', key: 'missing' },
          { type: 'set', key: 'a', text: '1' },
        ]);
      });

      it('announces a key that a batch deletes and sets as set alone', async () => {
        const feed = await follow();

        await write({ deletes: ['a', 'b'], sets: [['a', bytes('1')]] });

        await feed.messagesAre(1);
        expect(feed.messages[0]?.changes.map(plain)).toEqual([
          { type: 'delete', key: 'b' },
          { type: 'set', key: 'a', text: '1' },
        ]);
      });

      it('announces a clear without the single deletes', async () => {
        await write({
          sets: [
            ['a', bytes('1')],
            ['b', bytes('2')],
          ],
        });
        const feed = await follow();

        const { existed, position } = await write({ deletes: ['a', 'b'], clear: true });

        expect(existed).toEqual([true, true]);
        await feed.heard(position);
        expect(feed.messages.at(-1)).toMatchObject({ position, clear: true, changes: [] });
      });

      it('lets a value of up to inlineBytes travel, and tells of any other at least its version', async () => {
        const feed = await follow();
        const values = [0, 1, 255, 256, 257, 5000].map((size) => new Uint8Array(size).fill(size));
        for (const [index, value] of values.entries()) await write({ sets: [[`key ${index}`, value]] });

        await feed.messagesAre(values.length);
        for (const [index, value] of values.entries()) {
          const change = feed.messages[index]?.changes[0] as Change & { type: 'set' };
          if (value.length <= 256) expect(change.bytes && [...change.bytes]).toEqual([...value]);
          expect(versionIn(change)).toBe(versionOf(value));
        }
      });

      it('tells the version of each value where no value may travel', async () => {
        const writer = await open({ inlineBytes: 0 });
        const feed = await follow();

        await set('a', 'hello', writer);
        await write({ sets: [['empty', new Uint8Array()]] }, writer);

        await feed.messagesAre(2);
        const changes = feed.messages.flatMap((message) => message.changes) as (Change & { type: 'set' })[];
        expect(changes.map(versionIn)).toEqual([versionOf(bytes('hello')), versionOf(new Uint8Array())]);
      });

      it('announces writes in their order, each continuing the one before', async () => {
        const feed = await follow();
        const writers = [space, await open(), await open({}, makeStore())];
        const receipts = await Promise.all(
          Array.from({ length: 300 }, (_, index) => set(`key ${index}`, '1', writers[index % 3])),
        );

        await feed.messagesAre(300);
        let previous = { seq: 0, nonce: 0 };
        for (const message of feed.messages) {
          expect(message.previous).toEqual(previous);
          expect(message.position.seq).toBe(previous.seq + 1);
          previous = message.position;
        }
        const heard = new Set(feed.messages.map(({ position }) => position.nonce));
        expect(heard).toEqual(new Set(receipts.map(({ position }) => position.nonce)));
      });

      it('carries keys of any script unharmed', async () => {
        const feed = await follow();
        const keys = ['ключ', '鍵', '😀', 'e\u0301', 'a\0b', 'k'.repeat(1024)];

        await write({ deletes: keys.map((key) => `not ${key}`), sets: keys.map((key) => [key, bytes('1')]) });

        await feed.messagesAre(1);
        expect(feed.messages[0]?.changes.map(({ key }) => key)).toEqual([...keys.map((key) => `not ${key}`), ...keys]);
      });

      it('reaches each of several listeners, and none after its space was closed', async () => {
        const leaving = await open();
        const [first, second, gone] = [await follow(), await follow(), await follow(leaving)];
        await set('a', '1');
        for (const feed of [first, second, gone]) await feed.messagesAre(1);

        await leaving.close();
        await set('a', '2');
        await first.messagesAre(2);
        await second.messagesAre(2);

        expect(gone.messages).toHaveLength(1);
      });

      it('can be left and joined again at once', async () => {
        for (let round = 0; round < 20; round++) {
          const visitor = await open();
          const following = visitor.follow(0, new FeedRecorder(), soon());
          if (round % 2 === 0) await following;
          else following.catch(() => {});
          await visitor.close();
          const next = await open();
          const feed = await follow(next);
          const { position } = await set('a', String(round));
          await feed.heard(position);
          expect(feed.count('interrupted')).toBe(0);
          await next.close();
        }
      });

      it('stays well when it is distrusted', async () => {
        const feed = await follow();

        space.distrust(0);
        await set('a', '1');
        await feed.isLive();
        const { position } = await set('a', '2');

        await feed.heard(position);
        expect(await get('a')).toBe('2');
      });
    });

    describe('the change log', () => {
      const calls = (): Promise<readonly LoggedCall[]> => space.log(0, soon());

      it('is empty at the origin', async () => {
        expect(await calls()).toEqual([]);
      });

      it('tells of each write its position and its keys, newest first', async () => {
        const { position: first } = await write({ sets: [['a', bytes('1')]] });
        const { position: second } = await write({ deletes: ['a', 'schlüssel 🔑'], sets: [['b', bytes('1')]] });

        const [newest, oldest] = await calls();
        expect([newest?.position, oldest?.position]).toEqual([second, first]);
        expect(newest?.keys?.toSorted()).toEqual(['a', 'b', 'schlüssel 🔑']);
        expect(oldest?.keys).toEqual(['a']);
      });

      it('tells of a clear that any key may have changed', async () => {
        await write({ deletes: ['a'], clear: true });

        expect((await calls())[0]?.keys).toBeUndefined();
      });

      it('names the keys of a large batch, or says that it can be any', async () => {
        const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
        await write({ sets: keys.map((key) => [key, bytes('1')]) });

        const [call] = await calls();
        expect([undefined, keys]).toContainEqual(call?.keys);
      });

      it('holds the last 256 writes, without a gap, and not many more', async () => {
        let last = 0;
        for (let index = 0; index < 400; index++) last = (await set('a', String(index))).position.seq;

        const seqs = (await calls()).map(({ position }) => position.seq);
        expect(seqs.slice(0, 256)).toEqual(Array.from({ length: 256 }, (_, index) => last - index));
        expect(seqs.length).toBeLessThan(400);
      });
    });

    describe('a scan', () => {
      it('finds each key once, and only those that start with the prefix', async () => {
        const keys = Array.from({ length: 2500 }, (_, index) => `${index % 2 === 0 ? 'even' : 'odd'}:${index}`);
        for (let at = 0; at < keys.length; at += 500) {
          await write({ sets: keys.slice(at, at + 500).map((key) => [key, bytes('1')]) });
        }

        expect((await scanned('')).toSorted()).toEqual(keys.toSorted());
        expect((await scanned('odd:')).toSorted()).toEqual(keys.filter((key) => key.startsWith('odd:')).toSorted());
        expect(await scanned('neither')).toEqual([]);
      });

      it('takes no character of a prefix for a pattern', async () => {
        const keys = ['*', '**', 'a*b', 'aXb', '?', 'x', '[a]', 'a', '[^a]', '\\', '\\*', 'a\\', '^', ']', '{a}', '-'];
        await write({ sets: keys.map((key) => [key, bytes('1')]) });

        for (const prefix of keys) {
          expect([prefix, (await scanned(prefix)).toSorted()]).toEqual([
            prefix,
            keys.filter((key) => key.startsWith(prefix)).toSorted(),
          ]);
        }
      });

      it('finds keys and prefixes of any script', async () => {
        const keys = ['ключ:один', 'ключ:два', '鍵', '鍵盤', '😀', '😀😀', 'é', 'e\u0301'];
        await write({ sets: keys.map((key) => [key, bytes('1')]) });

        expect((await scanned('')).toSorted()).toEqual(keys.toSorted());
        expect((await scanned('ключ:')).toSorted()).toEqual(['ключ:два', 'ключ:один']);
        expect((await scanned('鍵')).toSorted()).toEqual(['鍵', '鍵盤']);
        expect((await scanned('😀')).toSorted()).toEqual(['😀', '😀😀']);
      });

      it('can be given up half way', async () => {
        await write({ sets: Array.from({ length: 1000 }, (_, index) => [String(index), bytes('1')]) });

        for await (const keys of space.scan('', soon)) {
          expect(keys.length).toBeGreaterThan(0);
          break;
        }

        expect(await get('1')).toBe('1');
      });
    });

    describe('namespaces', () => {
      it('share their data with everybody who opens them', async () => {
        const other = await open({}, makeStore());
        await set('a', '1');

        expect(await get('a', other)).toBe('1');
        expect(await other.position(0, soon())).toEqual(await space.position(0, soon()));
      });

      it.each([
        ['users', 'users:archive'],
        ['users:archive', 'users'],
        ['a', 'a.'],
        ['a', 'a..'],
        ['a', 'A'],
        ['a', 'a-b'],
      ])('share nothing with others: %s and %s', async (one, another) => {
        const [here, there] = [
          await open({ namespace: `${namespace}${one}` }),
          await open({ namespace: `${namespace}${another}` }),
        ];
        const feed = await follow(there);
        const reached = another.slice(one.length);
        const names = ['x', '/x', '..', '../x', `${reached}/x`, ':archive/x', 'update', 'delete', '#position', '#meta'];
        const keys = [...new Set(names)];

        await write({ sets: keys.map((key) => [key, bytes('here')]) }, here);

        expect(await scanned('', there)).toEqual([]);
        expect((await there.read(0, keys, soon())).values.map(text)).toEqual(keys.map(() => undefined));
        expect((await there.position(0, soon())).seq).toBe(0);
        const { position } = await set('x', 'there', there);
        await feed.heard(position);
        expect(feed.messages).toHaveLength(1);
        expect(await get('x', here)).toBe('here');
        expect((await scanned('', here)).toSorted()).toEqual(keys.toSorted());
      });

      it('refuse another number of partitions and another codec, and are none the worse for it', async () => {
        await expect(open({ layout: { partitions: 2, hash: 'fnv1a', codec: 'msgpack' } })).rejects.toThrow(
          ConfigMismatchError,
        );
        await expect(open({ layout: { partitions: 1, hash: 'fnv1a', codec: 'json' } }, makeStore())).rejects.toThrow(
          ConfigMismatchError,
        );

        await set('a', '1');
        expect(await get('a', await open())).toBe('1');
      });

      it('remember their layout when nobody has them open', async () => {
        await space.close();

        await expect(open({ layout: { partitions: 1, hash: 'fnv1a', codec: 'json' } })).rejects.toThrow(
          ConfigMismatchError,
        );
      });

      it('can be opened by many at the same moment', async () => {
        const many = await Promise.all(Array.from({ length: 20 }, () => open()));

        await set('a', '1');

        expect(await Promise.all(many.map((each) => get('a', each)))).toEqual(many.map(() => '1'));
      });
    });

    describe('after close', () => {
      it('every call rejects with ClosedError', async () => {
        await space.close();

        await expect(space.read(0, ['a'], soon())).rejects.toThrow(ClosedError);
        await expect(set('a', '1')).rejects.toThrow(ClosedError);
        await expect(space.position(0, soon())).rejects.toThrow(ClosedError);
        await expect(space.log(0, soon())).rejects.toThrow(ClosedError);
        await expect(scanned('')).rejects.toThrow(ClosedError);
        await expect(space.follow(0, new FeedRecorder(), soon())).rejects.toThrow(ClosedError);
        expect(() => {
          space.distrust(0);
        }).not.toThrow();
      });

      it('a call of follow that was under way rejects with ClosedError', async () => {
        const following = space.follow(0, new FeedRecorder(), soon());
        const closing = space.close();

        await expect(following).rejects.toThrow(ClosedError);
        await closing;
      });

      it('another close does nothing, and others go on', async () => {
        const [other, elsewhere] = [await open(), await open({ namespace: `${namespace}-2` })];
        const feed = await follow(other);

        await space.close();
        await space.close();

        const { position } = await set('a', '1', other);
        await feed.heard(position);
        await set('a', '1', elsewhere);
        expect([await get('a', other), await get('a', elsewhere)]).toEqual(['1', '1']);
      });

      it('the namespace can be opened again and holds what it held', async () => {
        const { position } = await set('a', '1');
        await space.close();

        const again = await open();

        expect(await get('a', again)).toBe('1');
        const next = await set('a', '2', again);
        expect(next.position.seq).toBe(position.seq + 1);
        expect(samePosition(await again.position(0, soon()), next.position)).toBe(true);
      });
    });
  });
}

function plain(change: Change): object {
  const { type, key } = change;
  return change.type === 'set' ? { type, key, text: text(change.bytes) } : { type, key };
}

function versionIn(change: Change & { type: 'set' }): string {
  return change.bytes === undefined ? change.version : versionOf(change.bytes);
}
