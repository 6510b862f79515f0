// What does a read from memory cost, beside one of a Map?
import { compare, nanoseconds } from '../bench/compare.js';

export const stores = ['memory', 'redis-v4', 'redis-v5', 'redis-v6'];

const KEYS = 1000;
const TIMES = 200;

export async function measure({ open }) {
  const handle = await open({ namespace: 'hit' });
  const { dict } = handle;
  const map = new Map(Array.from({ length: KEYS }, (_, index) => [`key ${(index * 7919) % KEYS}`, { index }]));
  await handle.setMany(map);
  const keys = [...map.keys()];
  const readMap = async () => {
    // oxlint-disable-next-line typescript/await-thenable -- what a program without a store would do
    for (let time = 0; time < TIMES; time++) for (const key of keys) await map.get(key);
  };
  const readDict = async () => {
    for (let time = 0; time < TIMES; time++) for (const key of keys) await dict[key];
  };
  return [
    await compare({
      id: 'hit',
      what: 'hit, `await dict.key`, 1,000 keys shuffled',
      limit: '`await map.get(key)`',
      goal: 1.1,
      unit: 'ns',
      rounds: 31,
      base: () => nanoseconds(KEYS * TIMES, readMap),
      measure: () => nanoseconds(KEYS * TIMES, readDict),
    }),
  ];
}
