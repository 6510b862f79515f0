import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { OwnClient } from '../../../lib/store/redis/client.ts';
import type { ClusterClient } from '../../../lib/store/redis/clusterClient.ts';
import { ShardedSubscriber } from '../../../lib/store/redis/shardedSubscriber.ts';
import type { Subscription } from '../../../lib/store/redis/subscription.ts';

/** A cluster of which only the map of slots is real: connections never come about. */
class FakeCluster extends EventEmitter {
  readonly masters = new Map<string, string>();
  /** The servers to which connections were made. */
  readonly dialled: string[] = [];

  masterOf(channel: string): string | undefined {
    return this.masters.get(channel);
  }

  clientAt(address: string): OwnClient {
    this.dialled.push(address);
    const client = { connect: () => new Promise(() => {}), unref() {}, destroy() {} };
    return Object.assign(new EventEmitter(), client) as unknown as OwnClient;
  }

  mistaken(): void {
    // Nothing is asked.
  }
}

describe('sharded channels', () => {
  let cluster: FakeCluster;
  let subscriber: ShardedSubscriber;
  let told: string[];
  let subscription: Subscription;
  beforeEach(() => {
    cluster = new FakeCluster();
    subscriber = new ShardedSubscriber(cluster as unknown as ClusterClient);
    told = [];
    const tell = (event: string) => (): void => {
      told.push(event);
    };
    const events = { live: tell('live'), interrupted: tell('interrupted'), message: tell('message') };
    subscription = { channels: ['a/update', 'a/delete'], ...events, failed: tell('failed') };
  });
  afterEach(() => {
    subscriber.close();
  });

  it('whose slot has no master are heard as soon as it has one, and follow it', () => {
    subscriber.add(subscription);
    expect(cluster.dialled).toEqual([]);

    cluster.masters.set('a/update', 'one:1');
    cluster.emit('map');
    expect([cluster.dialled, told]).toEqual([['one:1'], []]);

    cluster.masters.set('a/update', 'two:2');
    cluster.emit('map');
    expect([cluster.dialled, told]).toEqual([['one:1', 'two:2'], ['interrupted']]);
  });

  it('are heard where they were while their slot has no master', () => {
    cluster.masters.set('a/update', 'one:1');
    subscriber.add(subscription);

    cluster.masters.delete('a/update');
    cluster.emit('map');

    expect([cluster.dialled, told]).toEqual([['one:1'], []]);
  });

  it('that are left before their slot has a master are not heard later', () => {
    subscriber.add(subscription);
    subscriber.remove(subscription);

    cluster.masters.set('a/update', 'one:1');
    cluster.emit('map');

    expect(cluster.dialled).toEqual([]);
  });
});
