import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, ConfigMismatchError, ConnectTimeoutError, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { decodeEnvelope, encodeEnvelopeTail, encodeNumber, ENVELOPE_HEAD } from '../../../lib/store/redis/envelope.ts';
import { batch, bytes, soon } from '../../../lib/testing/contract/batches.ts';
import { connectClient, type TestClient } from '../../support/clients.ts';
import { FeedRecorder } from '../../../lib/testing/contract/feedRecorder.ts';
import { openSpace, type TestSpace } from '../../support/openSpace.ts';
import { plainMessage } from '../../support/plainMessage.ts';
import { connectAdmin, type RedisAdmin } from '../../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../../support/redisServer.ts';
import { until } from '../../support/until.ts';

describe.each(['borrowed', 'own'] as const)('a space on a %s connection', (kind) => {
  let server: RedisServer;
  let admin: RedisAdmin;
  let client: TestClient;
  let space: TestSpace;
  let feed: FeedRecorder;
  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => {
    admin = await connectAdmin(server.url);
    client = await connectClient(server.url);
    space = await openSpace(kind === 'own' ? redisStore({ url: server.url }) : redisStore(client));
    feed = new FeedRecorder();
    await space.follow(0, feed, soon());
  });
  afterEach(async () => {
    await space.close();
    // node-redis 4 leaves a socket open if it is ended while it reconnects.
    await until('the client is back', () => client.isReady);
    await client.end();
    await admin.connectionsAre(0);
    await admin.end();
  });
  afterAll(() => server.stop());

  /** Connections besides the admin's while the space is open. */
  const connections = kind === 'own' ? 3 : 2;

  async function isWell(): Promise<void> {
    await until('writes arrive', () =>
      space.set('well', 'yes').then(
        () => true,
        () => false,
      ),
    );
    await feed.isLive();
    const { position } = await space.set('well', 'indeed');
    await feed.heard(position);
    expect(await space.get('well')).toBe('indeed');
  }

  describe('on a server that forgets its scripts', () => {
    it('goes on writing', async () => {
      for (let round = 1; round <= 3; round++) {
        await admin.send('SCRIPT', 'FLUSH');
        expect((await space.set('a', '1')).position.seq).toBe(round);
      }
    });
  });

  describe('whose connection for messages is killed', () => {
    it('says so, becomes live again and hears what follows, any number of times', async () => {
      for (let round = 1; round <= 5; round++) {
        await admin.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await until('the feed is interrupted and live again', () => feed.count('live') === round + 1);
        const { position } = await space.set('a', String(round));
        await feed.heard(position);
      }

      expect(feed.events.filter((event) => event !== 'message')).toEqual([
        'live',
        ...Array.from({ length: 5 }, () => ['interrupted', 'live']).flat(),
      ]);
      await admin.connectionsAre(connections);
      expect(await admin.subscribers()).toBe(1);
    });
  });

  describe('whose connections are all killed', () => {
    it('comes back, any number of times', async () => {
      for (let round = 0; round < 4; round++) {
        await admin.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await isWell();
      }

      expect(feed.count('interrupted')).toBeGreaterThanOrEqual(4);
      // A borrowed client that has lost its connection is there still, and not used.
      await admin.connectionsAre(3);
    });
  });

  describe('on a server that is killed and comes back empty', () => {
    it('rejects meanwhile, is interrupted, and then follows the new history', async () => {
      await space.set('a', '1');
      await admin.end();
      await server.kill();
      await until('the feed is interrupted', () => feed.count('interrupted') === 1);
      await expect(space.get('a', 200)).rejects.toThrow(UnavailableError);
      await expect(space.position(0, performance.now() + 200)).rejects.toThrow(UnavailableError);
      await expect(space.set('a', '2', 200)).rejects.toThrow(UnavailableError);

      await server.restart();
      admin = await connectAdmin(server.url);
      await until('reads are answered', () =>
        space.get('a').then(
          () => true,
          () => false,
        ),
      );
      await feed.isLive();
      expect(await space.get('a')).toBeUndefined();
      expect(await space.position(0, soon())).toEqual({ seq: 0, nonce: 0 });
      const { position } = await space.set('a', '3');
      expect(position.seq).toBe(1);
      await feed.heard(position);
      expect(await admin.send('GET', `${space.namespace}#meta`)).toBe(
        '{"protocol":1,"partitions":1,"codec":"msgpack"}',
      );
    });

    it('executes nothing later that it rejected', async () => {
      await admin.end();
      await server.kill();
      await until('the client has noticed', () => !client.isReady && feed.count('interrupted') === 1);
      const rejected = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          space.set(`key ${index}`, '1', 20 * (index + 1)).catch((error: unknown) => error),
        ),
      );
      for (const error of rejected) expect(error).toBeInstanceOf(UnavailableError);

      await server.restart();
      admin = await connectAdmin(server.url);
      const { position } = await eventually(() => space.set('after', '1'));

      expect(position.seq).toBe(1);
      expect(((await admin.send('KEYS', '*/*')) as string[]).length).toBe(1);
    });
  });

  describe('on a server that stands still', () => {
    it('ends every call by its deadline, a sent write as unknown, and is well afterwards', async () => {
      await space.set('a', '1');
      server.pause();
      const started = performance.now();
      const deadline = started + 300;

      const results = await Promise.allSettled([
        space.get('a', 300),
        space.position(0, deadline),
        (async () => {
          for await (const keys of space.scan('', () => deadline)) expect(keys).toBeUndefined();
        })(),
        space.set('a', '2', 300),
      ]);
      const took = performance.now() - started;
      server.resume();

      const reasons = results.map((result) => (result.status === 'rejected' ? result.reason : undefined));
      for (const reason of reasons.slice(0, 3)) expect(reason).toBeInstanceOf(UnavailableError);
      expect(reasons[3]).toBeInstanceOf(AmbiguousWriteError);
      expect(took).toBeGreaterThanOrEqual(299);
      expect(took).toBeLessThan(3000);
      await isWell();
      expect(await space.get('a')).toBe('2');
    });
  });

  describe('on a server whose memory is full', () => {
    it('refuses to set, with nothing half done, and goes on deleting', async () => {
      await space.set('a', '1');
      const before = await space.set('b', '1');
      await feed.messagesAre(2);
      await admin.send('CONFIG', 'SET', 'maxmemory', '1');

      await expect(space.set('a', '2')).rejects.toThrow(UnavailableError);
      await expect(space.write(0, batch({ deletes: ['b'], sets: [['c', bytes('1')]] }), soon())).rejects.toThrow(
        UnavailableError,
      );
      expect(await space.position(0, soon())).toEqual(before.position);
      expect([await space.get('a'), await space.get('b'), await space.get('c')]).toEqual(['1', '1', undefined]);

      const deleted = await space.write(0, batch({ deletes: ['a', 'missing'] }), soon());
      expect(deleted.existed).toEqual([true, false]);
      const cleared = await space.write(0, batch({ deletes: ['b'], clear: true }), soon());
      expect(cleared.position.seq).toBe(before.position.seq + 2);

      await admin.send('CONFIG', 'SET', 'maxmemory', '0');
      await feed.heard(cleared.position);
      expect(feed.messages).toHaveLength(4);
      await isWell();
    });
  });

  describe('whose position key something else wrote', () => {
    it.each([
      ['text', ['SET', 'garbage']],
      ['nothing', ['SET', '']],
      ['a list', ['LPUSH', 'garbage']],
    ])('rejects clearly and writes nothing: %s', async (_name, [command = '', value = '']) => {
      await space.set('a', '1');
      await feed.messagesAre(1);
      const key = `${space.namespace}#position`;
      await admin.send('DEL', key);
      await admin.send(command, key, value);

      const writing = await space.set('a', '2').catch((error: unknown) => error);
      const reading = await space.position(0, soon()).catch((error: unknown) => error);

      for (const error of [writing, reading]) expect(error).toBeInstanceOf(UnavailableError);
      expect(String(writing)).toMatch(/position|WRONGTYPE/);
      expect(await admin.send('GET', `${space.namespace}/a`)).toBe('1');
      expect(feed.messages).toHaveLength(1);

      await admin.send('DEL', key);
      expect((await space.set('a', '3')).position.seq).toBe(1);
    });
  });

  describe('whose layout was removed', () => {
    it('notices another layout in its place', async () => {
      await admin.send('FLUSHALL');
      await admin.send('SET', `${space.namespace}#meta`, '{"protocol":1,"partitions":64,"codec":"msgpack"}');

      await expect(space.position(0, soon())).rejects.toThrow(ConfigMismatchError);
    });
  });

  describe('next to programs without this library', () => {
    it('hears a bare key as a foreign change, of the kind that the channel tells', async () => {
      await admin.send('PUBLISH', `${space.namespace}/update`, 'ключ');
      await admin.send('PUBLISH', `${space.namespace}/delete`, 'b');
      await admin.send('PUBLISH', `${space.namespace}/other`, 'c');

      await until('both are heard', () => feed.events.length === 3);
      expect(feed.events).toEqual(['live', 'foreign set ключ', 'foreign delete b']);
    });

    it('takes a damaged envelope for a sign of loss, and lives on', async () => {
      await client.sendCommand(['PUBLISH', `${space.namespace}/update`, Buffer.from([0xc1, 1, 2, 3])]);
      await client.sendCommand(['PUBLISH', `${space.namespace}/delete`, Buffer.from([0xc1, 99])]);

      await until('both are heard', () => feed.events.length === 3);
      expect(feed.events).toEqual(['live', 'garbled', 'garbled']);
      await isWell();
    });

    it('lets them read values and the position', async () => {
      const { position } = await space.set('a', 'hello');

      expect(await admin.send('GET', `${space.namespace}/a`)).toBe('hello');
      const raw = (await client.sendCommand(['GET', `${space.namespace}#position`], {
        returnBuffers: true,
        typeMapping: { 36: Buffer },
      })) as Buffer;
      expect(raw).toEqual(Buffer.concat([encodeNumber(position.seq), encodeNumber(position.nonce)]));
    });
  });

  it('keeps values apart that travel in one argument, with and without times to live', async () => {
    const sizes = [0, 1, 70_000, 255, 65_530, 0, ...Array.from({ length: 250 }, (_, index) => index), 300_000, 2];
    const values = sizes.map((size, index) => Buffer.alloc(size, index));
    for (const ttlOf of [() => undefined, (index: number) => (index % 3 === 0 ? 60_000 : undefined)]) {
      const sets = values.map((value, index) => [`key ${index}`, value, ttlOf(index)] as const);
      await space.write(0, batch({ deletes: ['absent'], sets }), soon());

      const stored = await space.read(
        0,
        sets.map(([key]) => key),
        soon(),
      );
      expect(stored.values.map((value) => value && Buffer.from(value))).toEqual(values);
      const mortal = stored.ttls?.map((ttl) => ttl !== undefined);
      expect(mortal ?? values.map(() => false)).toEqual(sets.map(([, , ttlMs]) => ttlMs !== undefined));
    }
  });

  it('publishes the documented bytes: on /delete if it only deletes, else on /update', async () => {
    const listener = await connectClient(server.url);
    const heard: { channel: string; payload: Buffer }[] = [];
    const names = ['update', 'delete'].map((name) => `${space.namespace}/${name}`);
    await listener.subscribe(
      names,
      (payload: Buffer, channel: Buffer) => {
        heard.push({ channel: String(channel), payload });
      },
      true,
    );
    const batches = [
      batch({
        deletes: ['gone'],
        sets: [
          ['é', bytes('hi')],
          ['long', new Uint8Array(300)],
        ],
      }),
      batch({ deletes: ['é', 'long'] }),
      batch({ sets: [['ключ', bytes('alone')]] }),
      batch({ sets: [['mortal', bytes('1'), 60_000]] }),
      batch({ sets: [['mark', new Uint8Array(256).fill(0xff)]] }),
      batch({ deletes: ['x'], clear: true }),
      batch({}),
    ];
    let previous = { seq: 0, nonce: 0 };
    for (const [index, each] of batches.entries()) {
      const { position } = await space.write(0, each, soon());
      await until('it is heard', () => heard.length === index + 1);
      const { channel, payload } = heard[index] as (typeof heard)[number];

      const places = [previous.seq, previous.nonce, position.seq, position.nonce].map(encodeNumber);
      expect(payload).toEqual(Buffer.concat([ENVELOPE_HEAD, ...places, encodeEnvelopeTail(each, 1, 256)]));
      await feed.messagesAre(index + 1);
      expect(plainMessage(decodeEnvelope(payload))).toEqual(plainMessage(feed.messages[index]));
      expect(channel).toBe(names[each.sets.length > 0 ? 0 : 1]);
      previous = position;
    }
    await listener.end();
  });
});

it('a borrowed client without a connection makes opening reject by its deadline with ConnectTimeoutError', async () => {
  const server = await startRedis();
  const client = await connectClient(server.url);
  await server.kill();
  await until('the client has noticed', () => !client.isReady);

  await expect(openSpace(redisStore(client), {}, 300)).rejects.toThrow(ConnectTimeoutError);

  await client.end();
  await server.stop();
});

/** Repeats what is refused until it is not. */
async function eventually<V>(attempt: () => Promise<V>): Promise<V> {
  let result!: V;
  await until('it succeeds', () =>
    attempt().then(
      (value) => {
        result = value;
        return true;
      },
      () => false,
    ),
  );
  return result;
}
