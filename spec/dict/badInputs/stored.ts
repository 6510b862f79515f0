import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { FeedListener, Message, NearDict, Position } from 'neardict';
import { KEY_HASH, partitioner } from '../../../lib/store/partitioner.ts';
import { ENVELOPE_HEAD, encodeEnvelopeTail, encodeNumber } from '../../../lib/store/redis/envelope.ts';
import { hashTags } from '../../../lib/store/redis/slots.ts';
import { openSpace } from '../../support/openSpace.ts';
import { rawCodec } from '../../support/rawCodec.ts';
import { until } from '../../support/until.ts';
import { wrapStore } from '../../support/wrapStore.ts';
import { codeOf, errorOf, type Row, type Stage } from './row.ts';

const PARTITIONS = 2;
const partitionOf = partitioner(PARTITIONS);
const STRANGER = 7;

/** msgpack of 'planted', which no write has ever stored. */
const planted = Buffer.from('\xa7planted', 'latin1');
const noValues = [
  Buffer.alloc(0),
  Buffer.from('hello'),
  Buffer.from([0xa5, 0x68]),
  Buffer.from([0x82, 0xa1, 0x61, 1]),
  Buffer.from([0xd4, 0x55, 0]),
  Buffer.from([1, 2]),
];

/** A dictionary of two partitions that has `a` in its cache, and somebody who announces what no write has done. */
interface Victim {
  readonly handle: NearDict;
  readonly other: NearDict;
  /** What the feeds of its partitions bring. */
  readonly feeds: readonly FeedListener[];
  /** A key of the other partition. */
  readonly elsewhere: string;
  position(): Promise<Position>;
  /** As anybody can who may publish. In memory, where messages are no bytes, the feed brings it. */
  announce(message: Message): Promise<void>;
  /** As a program without this library announces that the key was set. */
  mention(key: string): Promise<void>;
}

async function openVictim(stage: Stage): Promise<Victim> {
  const { namespace } = stage;
  const feeds: FeedListener[] = [];
  const store = wrapStore(
    (space) => ({
      follow(partition, listener, deadline) {
        feeds[partition] = listener;
        return space.follow(partition, listener, deadline);
      },
    }),
    stage.store,
  );
  const options = { partitions: PARTITIONS, maxStaleness: 300 };
  const handle = await stage.open({ ...options, store });
  const other = await stage.open({ ...options, write: 'through' });
  const partition = partitionOf('a');
  const elsewhere = ['b', 'c', 'd', 'e', 'f', 'g'].find((key) => partitionOf(key) !== partition) ?? '';
  await other.setMany({ a: 1, [elsewhere]: 1 });
  await isCached(handle, 'a', 1);
  await isCached(handle, elsewhere, 1);
  const layout = { partitions: PARTITIONS, hash: KEY_HASH, codec: 'msgpack' };
  return {
    handle,
    other,
    feeds,
    elsewhere,
    async position() {
      const space = await openSpace(stage.store, { namespace, layout });
      const position = await space.position(partition, performance.now() + 20_000);
      await space.close();
      return position;
    },
    async announce(message) {
      if (stage.place === undefined) feeds[partition]?.message(message);
      else await publish(stage, 'a', bytesOf(message));
    },
    async mention(key) {
      if (stage.place === undefined) feeds[partition]?.foreign(key, 'set');
      else await publish(stage, 'a', Buffer.from(key));
    },
  };
}

async function publish({ namespace, place }: Stage, key: string, bytes: Buffer): Promise<void> {
  await place?.send('PUBLISH', `${namespace}{${hashTags(PARTITIONS)[partitionOf(key)]}}/update`, bytes);
}

function bytesOf({ previous, position, origin, changes }: Message): Buffer {
  const sets = changes.map(({ key }) => [key, planted] as const);
  const numbers = [previous.seq, previous.nonce, position.seq, position.nonce].map((number) => encodeNumber(number));
  return Buffer.concat([
    ENVELOPE_HEAD,
    ...numbers,
    encodeEnvelopeTail({ sets, deletes: [], clear: false }, origin, planted.length),
  ]);
}

function plant(key: string, previous: Position, seq: number): Message {
  const changes = [{ type: 'set', key, bytes: planted }] as const;
  return { previous, position: { seq, nonce: 12_345 }, origin: STRANGER, clear: false, changes };
}

async function isCached(handle: NearDict, key: string, value: unknown): Promise<void> {
  await until(`${key} is cached`, async () => {
    await handle.get(key);
    return handle.peek(key) === value;
  });
}

/** What is stored is read, and what others write next is heard. */
async function isWell({ handle, other, elsewhere }: Victim): Promise<void> {
  for (const key of ['a', elsewhere]) {
    const value = randomUUID();
    await other.set(key, value);
    await isCached(handle, key, value);
  }
  await until('it is coherent', () => handle.state === 'coherent');
}

/** Whatever it hears, the dictionary never throws into the feed, and never reads what was not stored. */
async function meets(victim: Victim, deliver: () => unknown): Promise<void> {
  const { handle, elsewhere } = victim;
  const stored = {
    a: await handle.get('a', { fresh: true }),
    [elsewhere]: await handle.get(elsewhere, { fresh: true }),
  };
  await deliver();
  expect(await handle.getMany(['a', elsewhere, 'never'])).toEqual({ ...stored, never: undefined });
  expect(handle.peek('never')).toBeUndefined();
}

export const stored: readonly Row[] = [
  {
    input: 'stored bytes that are no value',
    expected: 'are a CodecError that names the key, are not cached, disturb no other key, and can be replaced',
    check: async (stage) => {
      const foreign = await stage.open({ codec: rawCodec('msgpack'), write: 'through' });
      const handle = await stage.open();
      for (const bytes of noValues) {
        await foreign.setMany({ replaced: bytes, assigned: bytes, deleted: bytes, good: Buffer.from([1]) });
        for (const key of ['replaced', 'assigned', 'deleted']) {
          expect(await errorOf(() => handle.get(key, { fresh: true }))).toMatchObject({
            code: 'ERR_NEARDICT_CODEC',
            key,
          });
          expect(await codeOf(() => handle.get(key))).toBe('ERR_NEARDICT_CODEC');
          expect(handle.peek(key)).toBeUndefined();
        }
        expect(await handle.get('good', { fresh: true })).toBe(1);

        await handle.set('replaced', 'better');
        handle.dict['assigned'] = 'better';
        await handle.flush();
        expect(await handle.delete('deleted')).toBe(true);
        for (const key of ['replaced', 'assigned']) expect(await handle.get(key, { fresh: true })).toBe('better');
        expect(await handle.has('deleted')).toBe(false);
      }
      if (stage.place === undefined) return;
      // Redis alone knows other types than strings.
      await stage.place.send('RPUSH', `${stage.place.startOf(stage.namespace, 'list')}/list`, 'x');
      expect(await handle.get('list')).toBeUndefined();
      await handle.set('list', 1);
      expect(await handle.get('list', { fresh: true })).toBe(1);
    },
  },
  {
    input: 'a message that is garbage',
    expected: 'never throws out of the feed, is counted, and what it says is never read',
    check: async (stage) => {
      const victim = await openVictim(stage);
      const feed = victim.feeds[partitionOf('a')];
      const applied = await victim.position();
      for (const seq of [Number.NaN, -1, 2 ** 60, 0.5, Number.POSITIVE_INFINITY]) {
        await meets(victim, () => feed?.message(plant('never', applied, seq)));
        await meets(victim, () => feed?.message(plant('never', { seq, nonce: Number.NaN }, seq + 1)));
      }
      await meets(victim, () => feed?.garbled());
      for (const key of ['', 'a\ud800', 'k'.repeat(100_000)]) await meets(victim, () => feed?.foreign(key, 'set'));
      expect(victim.handle.stats().gaps).toBeGreaterThan(0);

      const whole = bytesOf(plant('a', applied, applied.seq + 1));
      for (const bytes of [
        Buffer.alloc(0),
        Buffer.from([0xc1]),
        Buffer.alloc(100_000, 0xc1),
        Buffer.from([0xff, 0xfe]),
        // Another format, a truncated one, and one with something behind it.
        Buffer.concat([Buffer.from([0xc1, 2]), whole.subarray(2)]),
        whole.subarray(0, -1),
        Buffer.concat([whole, Buffer.from([9])]),
      ]) {
        await publish(stage, 'a', bytes);
        await publish(stage, victim.elsewhere, bytes);
      }
      await isWell(victim);
    },
  },
  {
    input: 'a message about a key of another partition',
    expected: 'is garbage, counted as a gap: no cache, mirror or listener takes it',
    check: async (stage) => {
      const victim = await openVictim(stage);
      const { handle, other, elsewhere } = victim;
      const mirror = await handle.mirror();
      const heard: unknown[] = [];
      handle.on('change', (change) => heard.push(change));
      const before = await victim.position();

      for (const announce of [
        () => victim.announce(plant(elsewhere, before, before.seq + 1)),
        () => victim.mention(elsewhere),
      ]) {
        await announce();
        // When the partition is followed again, all that it has met is over.
        const value = randomUUID();
        await other.set('a', value);
        await until('the mirror has followed', () => mirror.current['a'] === value);

        expect(mirror.current[elsewhere]).toBe(1);
        expect(await handle.get(elsewhere)).toBe(1);
      }
      expect(handle.stats().gaps).toBeGreaterThanOrEqual(2);
      expect(heard).not.toContainEqual(expect.objectContaining({ key: elsewhere }));
      await isWell(victim);
    },
  },
  {
    input: 'a message with a forged position',
    expected: 'is dropped with everything that depends on it, once the position in the store is read',
    check: async (stage) => {
      const victim = await openVictim(stage);
      const { handle } = victim;
      const before = await victim.position();

      // One that continues the history is believed for at most maxStaleness.
      await victim.announce(plant('a', before, before.seq + 1));
      await until('what is stored is read', async () => (await handle.get('a')) === 1);
      await isWell(victim);

      const now = await victim.position();
      const value = await handle.get('a', { fresh: true });
      await victim.announce(plant('a', now, now.seq + 1_000_000));
      expect(await handle.get('a')).toBe(value);
      await victim.announce(plant('a', { seq: now.seq, nonce: 1 }, now.seq + 1));
      expect(await handle.get('a')).toBe(value);
      await isWell(victim);
    },
  },
];
