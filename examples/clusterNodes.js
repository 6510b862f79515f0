// @ts-check
// A look at the servers of a Redis Cluster, for redisCluster.js.
import { createClient } from 'redis';

/** @typedef {{ id: string, address: string, url: string }} Master */

/**
 * Sends one command to one server.
 *
 * @param {string} url
 * @param {string[]} command
 * @returns {Promise<any>}
 */
export async function ask(url, ...command) {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', () => {}); // connect() and sendCommand() reject
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    await client.quit();
  }
}

/**
 * The masters that serve something, as the server at `url` sees them.
 *
 * @param {string} url
 * @returns {Promise<Master[]>}
 */
export async function mastersOf(url) {
  const lines = String(await ask(url, 'CLUSTER', 'NODES'))
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  return lines
    .filter(([, , flags = '', , , , , , ...slots]) => /master(?!.*fail)/.test(flags) && slots.length > 0)
    .map(([id = '', address = '']) => {
      const [host = ''] = address.split('@');
      // With the user and the password of the URL that was given.
      return { id, address: host, url: Object.assign(new URL(url), { host }).href };
    });
}

/**
 * The names on one server that fit a pattern.
 *
 * @param {Master} master
 * @param {string} pattern
 * @returns {Promise<string[]>}
 */
export async function namesOn({ url }, pattern) {
  const names = [];
  let cursor = '0';
  do {
    const [next, some] = await ask(url, 'SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000');
    names.push(...some);
    cursor = next;
  } while (cursor !== '0');
  return names;
}
