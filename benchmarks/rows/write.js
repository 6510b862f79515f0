// What does a write cost this process, beside a bare SET over the same client?
import { compare, microseconds } from '../bench/compare.js';
import { RAW } from '../bench/stage.js';

export const stores = ['redis-v4', 'redis-v5', 'redis-v6'];

const TICK = 10_000;
const VALUE = 'x'.repeat(100);

export async function measure({ connect, open }) {
  const client = await connect();
  const handle = await open({ namespace: 'write', client });
  const { dict } = handle;
  const keys = Array.from({ length: TICK }, (_, index) => `key ${index}`);
  let next = 0;
  const nextKey = () => keys[next++ % TICK];
  const set = (key) => client.sendCommand(['SET', `bare/${key}`, VALUE], RAW);
  const assignAll = () => {
    for (const key of keys) dict[key] = VALUE;
    return handle.flush();
  };

  return [
    await compare({
      id: 'set',
      what: 'awaited `set`, one in flight, p50',
      limit: 'raw `SET`',
      goal: 1.1,
      unit: 'µs',
      rounds: 4000,
      collects: false,
      base: () => microseconds(1, () => set(nextKey())),
      measure: () => microseconds(1, () => handle.set(nextKey(), VALUE)),
    }),
    await compare({
      id: 'assignments',
      what: '10,000 assignments in one tick + `flush`',
      limit: '10,000 pipelined `SET`s',
      goal: 0.75,
      unit: 'µs',
      rounds: 25,
      base: () => microseconds(TICK, () => Promise.all(keys.map(set))),
      measure: () => microseconds(TICK, assignAll),
    }),
  ];
}
