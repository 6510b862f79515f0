// What does a read cost that has to ask Redis, beside a bare GET over the same client?
import { compare, microseconds } from '../bench/compare.js';
import { RAW } from '../bench/stage.js';

export const stores = ['redis-v4', 'redis-v5', 'redis-v6'];

/** More than the cache holds: when their turn comes again they have been evicted. */
const KEYS = 40_000;
const TICK = 10_000;
const IN_FLIGHT = 256;

export async function measure({ connect, open }) {
  const client = await connect();
  const handle = await open({ namespace: 'miss', client });
  const { dict } = handle;
  await handle.setMany(Array.from({ length: KEYS }, (_, index) => [`key ${index}`, `value of ${index}`]));
  const nextAsked = keysInTurn();
  const nextRead = keysInTurn();
  const get = () => client.sendCommand(['GET', `miss/${nextAsked()}`], RAW);
  const read = () => dict[nextRead()];

  const row = { limit: 'raw `GET`', unit: 'µs' };
  const rows = [
    await compare({
      ...row,
      id: 'miss',
      what: 'miss, one in flight, p50',
      goal: 1.08,
      rounds: 4000,
      collects: false,
      base: () => microseconds(1, get),
      measure: () => microseconds(1, read),
    }),
    await compare({
      ...row,
      id: 'misses in flight',
      what: 'misses, 256 in flight',
      goal: 1,
      rounds: 25,
      base: () => microseconds(TICK, () => inFlight(get)),
      measure: () => microseconds(TICK, () => inFlight(read)),
    }),
    await compare({
      ...row,
      id: 'misses in a tick',
      what: 'misses, 10,000 in one tick',
      goal: 0.8,
      rounds: 25,
      base: () => microseconds(TICK, () => Promise.all(Array.from({ length: TICK }, get))),
      measure: () => microseconds(TICK, () => Promise.all(Array.from({ length: TICK }, read))),
    }),
  ];
  if (handle.stats().hits > 0) throw new Error('Some of the misses were hits.');
  return rows;
}

/** Each side goes round by itself, so that what it reads is what it has not read for the longest. */
function keysInTurn() {
  let next = 0;
  return () => `key ${next++ % KEYS}`;
}

async function inFlight(request) {
  let left = TICK;
  const work = async () => {
    while (left-- > 0) await request();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}
