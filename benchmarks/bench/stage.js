import { createRequire } from 'node:module';
import { openDict } from '../../dist/index.js';
import { redisStore } from '../../dist/redis.js';

/** What rows are measured on. */
export const STORES = ['memory', 'redis-v4', 'redis-v5', 'redis-v6'];

/** The package's own development dependencies, not those of the benchmarks. */
const require = createRequire(new URL('../../package.json', import.meta.url));
const MODULES = { 'redis-v4': 'redis', 'redis-v5': 'redis-v5', 'redis-v6': 'redis-v6' };

/**
 * What a question works with: a store and, unless it is memory, a server.
 *
 * - `url`: of the server. `connect(options)`: one more client of it, of the major that is measured.
 * - `open(options)`: a dictionary on the store, by `client`, or by one of its own.
 *
 * @param name - One of `STORES`.
 * @param url - Of a server that holds nothing.
 */
export function stageOf(name, url) {
  const opened = [];
  const connect = async (options) => {
    const { createClient } = require(MODULES[name]);
    const client = createClient({ url, ...options });
    client.on('error', () => {});
    opened.push(client);
    return client.connect();
  };
  const open = async ({ client, ...options }) => {
    const store = name === 'memory' ? undefined : redisStore(client ?? (await connect()));
    const handle = await openDict({ ...options, store });
    opened.push(handle);
    return handle;
  };
  /** Ends everything that was opened, the last one first. */
  const end = async () => {
    for (const each of opened.reverse()) await (each.close ?? each.disconnect).call(each);
  };
  return { name, url, connect, open, end };
}

/** What the library gives each command: replies as Buffers, and none of node-redis 6's timers. The limits have it, too. */
export const RAW = { returnBuffers: true, typeMapping: { 36: Buffer }, timeout: 0 };
