import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DictChange, type NearDict, openDict, UnavailableError } from 'neardict';
import { redisStore } from 'neardict/redis';
import { connectClient } from '../support/clients.ts';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

/** A primary with a replica, and a proxy that leads to whichever is the primary, as a name or a load balancer does. */
describe('a failover', () => {
  const options = { namespace: 'failover', maxStaleness: 1000, timeout: 20_000 };
  let primary: RedisServer;
  let replica: RedisServer;
  let ofPrimary: RedisAdmin;
  let ofReplica: RedisAdmin;
  /** Carries what the primary replicates. */
  let replication: FaultProxy;
  let front: FaultProxy;
  let member: NearDict<Numbers>;
  let changes: DictChange[];
  beforeEach(async () => {
    const start = (): Promise<RedisServer> => startRedis('--repl-diskless-sync-delay', '0');
    [primary, replica] = await Promise.all([start(), start()]);
    [ofPrimary, ofReplica] = await Promise.all([connectAdmin(primary.url), connectAdmin(replica.url)]);
    replication = await startProxy(primary.port);
    front = await startProxy(primary.port);
    await follow(ofReplica, replication.url);
    member = await openDict<Numbers>({ ...options, store: redisStore({ url: front.url }) });
    changes = [];
    member.on('change', (change) => changes.push(change));
    await member.set('a', 1);
    await until('the replica has it', async () => (await ofReplica.send('EXISTS', 'failover/a')) === 1);
  });
  afterEach(async () => {
    await member.close();
    await Promise.all([ofPrimary.end(), ofReplica.end(), front.stop(), replication.stop()]);
    await Promise.all([primary.stop(), replica.stop()]);
  });

  async function follow(admin: RedisAdmin, url: string): Promise<void> {
    await admin.send('REPLICAOF', '127.0.0.1', new URL(url).port);
    await until('it replicates', async () =>
      /master_link_status:up/.test(String(await admin.send('INFO', 'replication'))),
    );
  }

  /** Two writes that the replica never hears of. */
  async function loseWrites(): Promise<void> {
    replication.shape('data', 'down', { isStalled: true });
    await member.set('a', 2);
    await member.set('b', 2);
    expect([await member.get('a'), await member.get('b')]).toEqual([2, 2]);
  }

  /** The replica becomes the primary. */
  async function promote(): Promise<void> {
    await ofReplica.send('REPLICAOF', 'NO', 'ONE');
    front.redirect(replica.port);
  }

  /** What the new primary holds, and that both follow each other. */
  async function isWell(other: NearDict<Numbers>): Promise<void> {
    await until('the lost values are gone', async () => (await member.get('a')) === 1);
    await until('the dictionary is coherent', () => member.state === 'coherent');
    expect([await member.get('a'), await member.get('b')]).toEqual([1, undefined]);
    await member.set('a', 3);
    await until('the other sees it', async () => (await other.get('a')) === 3);
    await other.set('a', 4);
    await until('the member sees it', async () => (await member.get('a')) === 4);
  }

  it.each([
    ['nothing else was written', 0],
    ['fewer others were written', 1],
    ['others reused their numbers', 2],
    ['more others were written', 5],
  ])('that lost writes leaves no trace of them: %s', async (_name, count) => {
    await loseWrites();
    await promote();
    await using other = await openDict<Numbers>({ ...options, store: redisStore({ url: replica.url }) });
    for (let index = 0; index < count; index++) await other.set(`other ${index}`, index);

    front.reset('feed');
    front.reset('data');

    await isWell(other);
    expect(changes).toContainEqual({ type: 'resync' });
  });

  it('that lost writes is noticed where the feed goes on from the deposed primary, which has become a replica', async () => {
    await loseWrites();
    await promote();
    await using other = await openDict<Numbers>({ ...options, store: redisStore({ url: replica.url }) });
    await other.set('x', 1);
    await other.set('y', 1);
    await follow(ofPrimary, replica.url);

    front.reset('data');

    await isWell(other);
    expect(changes).toContainEqual({ type: 'resync' });
  });

  it('that leaves a connection of our own at the deposed primary is followed by the next write', async () => {
    await promote();
    await follow(ofPrimary, replica.url);
    await using other = await openDict<Numbers>({ ...options, store: redisStore({ url: replica.url }) });

    await member.set('b', 2);

    expect(await other.get('b')).toBe(2);
    await member.delete('b');
    await isWell(other);
  });

  it('that leaves a borrowed client at the deposed primary makes its writes fail with a word on what to do', async () => {
    const client = await connectClient(front.url);
    const borrower = await openDict<Numbers>({ ...options, store: redisStore(client) });
    await promote();
    await follow(ofPrimary, replica.url);

    const error = await borrower.set('b', 2).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(UnavailableError);
    expect(String(error)).toContain('connect the client to the primary');
    expect(await borrower.get('a')).toBe(1);
    front.reset('data');
    front.reset('feed');
    await until('writes arrive', () =>
      borrower.set('b', 2).then(
        () => true,
        () => false,
      ),
    );
    expect(await ofReplica.send('EXISTS', 'failover/b')).toBe(1);
    await until('the member sees it', async () => (await member.get('b')) === 2);
    await borrower.close();
    await client.end();
  });
});
