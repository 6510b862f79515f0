import { describe, expect, it } from '@jest/globals';
import {
  assertClusterOptions,
  borrowedSource,
  ownedSource,
  type RedisClusterLike,
} from '../../../lib/store/redis/clusterSource.ts';

interface Made {
  readonly options: { readonly socket: object };
}

/** A client of node-redis with these options, and duplicates that show theirs. */
const clientWith = (options: object, isReady: boolean): object => ({
  options,
  isReady,
  duplicate: (overrides: object) => ({ options: { ...options, ...overrides } }),
});

describe('how to reach a cluster from options', () => {
  it('has the places of Redis where a root node leaves them out', async () => {
    const rootNodes = [{ url: 'redis://one.example' }, { socket: { port: 7000 } }];
    assertClusterOptions({ rootNodes });

    expect((await ownedSource({ rootNodes })).seeds).toEqual(['one.example:6379', 'localhost:7000']);
  });

  it('has the options for all servers below those of a root node', async () => {
    const source = await ownedSource({
      rootNodes: [{ socket: { host: 'one.example', port: 7000, connectTimeout: 1 } }],
      defaults: { username: 'ada', socket: { connectTimeout: 2, keepAlive: false } },
    });

    const { options } = source.makeClient('two.example:7001') as unknown as Made;

    const socket = expect.objectContaining({ host: 'two.example', port: 7001, connectTimeout: 1, keepAlive: false });
    expect(options).toMatchObject({ username: 'ada', socket });
  });
});

describe('how to reach the cluster of a borrowed client', () => {
  const template = clientWith({ username: 'ada', socket: { host: 'one.example', port: 7000 } }, true);

  /** A cluster client whose masters have these clients by now. */
  function clusterOf(clients: Readonly<Record<string, object | undefined>>, connect: () => unknown): RedisClusterLike {
    const masters = Object.entries(clients).map(([address, client]) => ({ address, client }));
    const nodeByAddress = new Map(masters.map((node) => [node.address, node]));
    const nodeClient = async (): Promise<unknown> => connect();
    return { isOpen: true, masters, slots: [], nodeByAddress, nodeClient, sendCommand: () => Promise.resolve() };
  }

  it('is seen from a connection that there is, without making another', async () => {
    const connecting = Promise.resolve(template);
    const cluster = clusterOf({ 'two:1': connecting, 'one:1': template }, () => {
      throw new Error('It was asked to connect.');
    });

    const source = await borrowedSource(cluster);
    const { options } = source.makeClient('two:1') as unknown as Made;

    expect(source.seeds).toEqual(['two:1', 'one:1']);
    expect(options).toMatchObject({ username: 'ada', socket: { host: 'two', port: 1 } });
  });

  it('is seen from a connection that is asked for while there is none', async () => {
    const answers = [Promise.reject(new Error('ECONNREFUSED')), template];
    const cluster = clusterOf({ 'one:1': undefined, 'two:1': clientWith({}, false) }, () => answers.shift());

    const { options } = (await borrowedSource(cluster)).makeClient('two:1') as unknown as Made;

    expect(options).toMatchObject({ username: 'ada', socket: { host: 'two', port: 1 } });
  });
});
