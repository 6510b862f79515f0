// @ts-check
import { unpack } from 'msgpackr';
import { createClient } from 'redis';

/** Replies as bytes, in the words of node-redis 4 and of 5 and later. */
const AS_BYTES = /** @type {object} */ ({ returnBuffers: true, typeMapping: { 36: Buffer } });

/**
 * The entries of a namespace as any program finds them that has no neardict: plain msgpack under `namespace/key`.
 *
 * @param {string} url
 * @param {string} namespace
 * @returns {Promise<(readonly [key: string, value: unknown])[]>}
 */
export async function readRaw(url, namespace) {
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  try {
    const prefix = `${namespace}/`;
    const names = await scan(client, `${prefix}*`);
    if (names.length === 0) return [];
    /** @type {(Buffer | null)[]} */
    const values = await client.sendCommand(['MGET', ...names], AS_BYTES);
    return names.map((name, index) => [name.slice(prefix.length), unpack(values[index] ?? Buffer.of())]);
  } finally {
    await client.disconnect();
  }
}

/**
 * @param {Pick<import('redis').RedisClientType, 'sendCommand'>} client
 * @param {string} pattern
 */
async function scan(client, pattern) {
  /** @type {Set<string>} A scan may bring a key twice. */
  const names = new Set();
  let cursor = '0';
  do {
    /** @type {[string, string[]]} */
    const [next, found] = await client.sendCommand(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000']);
    for (const name of found) names.add(name);
    cursor = next;
  } while (cursor !== '0');
  return [...names];
}
