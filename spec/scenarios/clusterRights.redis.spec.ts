import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { createClient } from 'redis';
import { type RedisCluster, startCluster } from '../support/redisCluster.ts';
import { until } from '../support/until.ts';

type Numbers = Record<string, number>;

/** What the README says of clusters, done to its lines for a single server. */
async function usersOfReadme(isSharded: boolean): Promise<readonly string[][]> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  return [...readme.matchAll(/^user (.*)$/gm)].map(([, line = '']) => {
    const words = line
      .replaceAll('settings/*', 'settings{*')
      .replaceAll('~settings#*', '~settings#meta')
      .replaceAll(/&settings\/\w+/g, '&settings{*')
      .replaceAll(/\+(subscribe|unsubscribe|publish)\b/g, isSharded ? '+s$1' : '+$1');
    return `${words} +cluster|slots +asking`.split(/ (?![^(]*\))/);
  });
}

// node-redis 4 has no sharded messages.
describe.each('destroy' in createClient() ? [false, true] : [false])(
  'the rights that the README gives on a cluster, with sharded messages: %p',
  (shardedPubSub) => {
    let cluster: RedisCluster;
    let writer: NearDict<Numbers>;
    let reader: NearDict<Numbers>;
    beforeAll(async () => {
      cluster = await startCluster();
      const users = await usersOfReadme(shardedPubSub);
      for (const node of cluster.nodes) {
        const commands = (await node.send('COMMAND', 'INFO', 'client|setinfo')) as readonly unknown[];
        const ofVersion = commands[0] === null ? [] : ['+client|setinfo'];
        for (const words of users) await node.send('ACL', 'SETUSER', ...words, ...ofVersion);
      }
      writer = await openAs('writer');
      reader = await openAs('reader');
    });
    afterAll(async () => {
      await Promise.all([reader.close(), writer.close()]);
      await cluster.stop();
    });

    function openAs(username: string): Promise<NearDict<Numbers>> {
      const rootNodes = cluster.rootNodes.map(({ url }) => ({ url: url.replace('//', `//${username}:SECRET@`) }));
      const store = redisStore({ rootNodes }, { shardedPubSub });
      return openDict<Numbers>({ namespace: 'settings', store, maxStaleness: 1000, timeout: 20_000 });
    }

    it('are enough for everything that a reader and a writer do', async () => {
      await writer.set('a', 1);
      await writer.setMany({ b: 2, c: 3, d: 4 });
      expect(await writer.deleteMany(['d', 'nobody'])).toBe(1);
      await until('the reader follows', async () => (await reader.get('c')) === 3 && !(await reader.has('d')));
      await until('its partition is followed', async () => {
        await reader.get('c');
        return reader.peek('c') === 3;
      });
      const heard = reader.stats().messages;
      await writer.set('c', 4);
      await until('the reader is told', async () => (await reader.get('c')) === 4 && reader.stats().messages > heard);

      expect(await reader.getMany(['a', 'b', 'c'])).toEqual({ a: 1, b: 2, c: 4 });
      expect(await reader.get('a', { fresh: true })).toBe(1);
      expect(await reader.size()).toBe(3);
      await until('they find each other', async () => (await writer.peers()).length === 2);
      await writer.clear();
      await until('the reader follows', async () => (await reader.get('a')) === undefined);
      await expect(reader.set('a', 2)).rejects.toThrow(/NOPERM.*evalsha.*Rights in Redis/);
      const logs = await Promise.all(cluster.nodes.map((node) => node.send('ACL', 'LOG')));
      const denials = (logs as unknown[][]).flat().map((entry) => JSON.stringify(entry));
      expect(denials.filter((entry) => !/"evalsha"/.test(entry) || !/"reader"/.test(entry))).toEqual([]);
    });
  },
);
