import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type DictChange, type NearDict, openDict, type Store } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

describe('peers on a server', () => {
  let server: RedisServer;
  let admin: RedisAdmin;
  let namespace = 'n';
  beforeAll(async () => {
    server = await startRedis();
    admin = await connectAdmin(server.url);
  });
  beforeEach(() => {
    namespace += 'n';
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  const open = (store: Store, tracking = false): Promise<NearDict> =>
    openDict({ namespace, store, tracking, timeout: 20_000 });
  const make = (): Store => redisStore({ url: server.url });

  it('answer over whatever connections they have, until they are closed, and leave nothing in Redis', async () => {
    const shared = make();
    const opened = [await open(shared), await open(shared), await open(make()), await open(make(), true)];
    const [one] = opened as [NearDict];
    await one.set('a', 1);

    await until('all are found', async () => (await one.peers({ timeout: 20_000 })).length === 4);

    const peers = await one.peers();
    await until('all have followed', async () =>
      (await one.peers()).every(({ state, positions }) => state === 'coherent' && positions[0]?.[1] === 1),
    );
    expect(new Set(peers.map(({ id }) => id)).size).toBe(4);
    expect(await admin.send('KEYS', `${namespace}*#peers*`)).toEqual([]);
    await opened[1]?.close();
    await opened[3]?.close();
    expect(await one.peers()).toHaveLength(2);
    await Promise.all(opened.map((each) => each.close()));
    await until('nobody listens', async () => String(await admin.send('PUBSUB', 'CHANNELS', `${namespace}#*`)) === '');
  });

  it('answer again after the connection for messages was lost', async () => {
    await using one = await open(make());
    await using other = await open(make());
    await until('both are found', async () => (await one.peers()).length === 2);

    await admin.send('CLIENT', 'KILL', 'TYPE', 'pubsub');

    await until('both are found', async () => (await one.peers()).length === 2);
    expect(await other.peers()).toHaveLength(2);
  });

  it('are asked without disturbing what follows changes, whatever else comes on the channel', async () => {
    await using one = await open(make());
    await using other = await open(make());
    const changes: DictChange[] = [];
    other.on('change', (change) => changes.push(change));
    await until('both are found', async () => (await one.peers()).length === 2);

    for (const text of ['', 'a', '*', '0123456789ab', '../x', 'x'.repeat(10_000)])
      await admin.send('PUBLISH', `${namespace}#peers`, text);
    await one.set('a', 1);

    await until('it has followed', () => changes.length > 0);
    expect(changes).toEqual([expect.objectContaining({ type: 'set', key: 'a' })]);
    expect(other.stats()).toMatchObject({ gaps: 0, repairs: 0 });
    expect(await one.peers()).toHaveLength(2);
  });

  it('that may not hear the question follow as all others, and ask once only', async () => {
    await admin.send('ACL', 'SETUSER', 'deaf', 'on', '>x', '~*', '+@all', 'resetchannels', `&${namespace}/*`);
    await admin.send('ACL', 'LOG', 'RESET');
    await using one = await open(make());
    await using deaf = await open(redisStore({ url: server.url.replace('//', '//deaf:x@') }));
    await until('it has asked', async () => (await denials()).length > 0);

    await deaf.set('a', 1);
    await admin.send('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await one.set('a', 2);

    await until('it has followed', async () => (await deaf.get('a')) === 2 && deaf.state === 'coherent');
    expect(await one.peers()).toHaveLength(1);
    await expect(deaf.peers()).rejects.toThrow(/NOPERM.*Rights in Redis/);
    expect((await denials()).filter((entry) => entry.includes(`${namespace}#peers"`))).toHaveLength(1);
  });

  async function denials(): Promise<readonly string[]> {
    return ((await admin.send('ACL', 'LOG')) as unknown[]).map((entry) => JSON.stringify(entry));
  }
});

describe('peers on a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  it('answer, whichever server they are connected to', async () => {
    const open = (): Promise<NearDict> =>
      openDict({ namespace: 'n', store: redisStore({ rootNodes: cluster.rootNodes }), timeout: 20_000 });
    await using one = await open();
    await using other = await open();
    await using third = await open();

    await until('all are found', async () => (await one.peers()).length === 3);
    expect(await Promise.all([other.peers(), third.peers()])).toEqual([expect.any(Array), expect.any(Array)]);
  });
});
