// What does a read from memory cost, beside that of other near caches?
import { compileFunction } from 'node:vm';
import { comparePeers, nanoseconds } from '../bench/compare.js';

export const stores = ['redis-v6'];

const KEYS = 1000;

/** By name: its file in peers/, reads of each key in a round, and how much faster than it a hit has to be. */
const PEERS = {
  'layered-loader': { file: 'layeredLoader', times: 50, atLeast: 1.4 },
  'node-redis `clientSideCache`': { file: 'nodeRedis', times: 10, atLeast: 15 },
  'cache-manager': { file: 'cacheManager', times: 10, atLeast: 25 },
  bentocache: { file: 'bentocache', times: 10, atLeast: 35 },
  cacheable: { file: 'cacheable', times: 10, atLeast: 50 },
};

export async function measure({ open, url }) {
  const handle = await open({ namespace: 'peers' });
  const { dict } = handle;
  const keys = Array.from({ length: KEYS }, (_, index) => `key ${(index * 7919) % KEYS}`);
  await handle.setMany(keys.map((key) => [key, `value of ${key}`]));
  const readDict = async () => {
    for (let time = 0; time < 50; time++) for (const key of keys) await dict[key];
  };

  const peers = {};
  for (const [name, { file, times, atLeast }] of Object.entries(PEERS)) {
    const { open: openPeer } = await import(`../peers/${file}.js`);
    const { read, write } = await openPeer(url);
    for (const key of keys) await write(key, `value of ${key}`);
    for (const key of keys)
      if ((await read(key)) !== `value of ${key}`) throw new Error(`${name} does not keep values.`);
    const readPeer = readerOf(times);
    peers[name] = { atLeast, measure: () => nanoseconds(times * KEYS, () => readPeer(read, keys)) };
  }
  return comparePeers({
    id: 'peer',
    what: 'hit of a string, against',
    unit: 'ns',
    rounds: 15,
    peers,
    measure: () => nanoseconds(50 * KEYS, readDict),
  });
}

/** A loop for each, so that each call site meets one library. */
function readerOf(times) {
  return compileFunction(
    `return (async () => {
       for (let time = 0; time < ${times}; time++) for (const key of keys) await read(key);
     })();`,
    ['read', 'keys'],
  );
}
