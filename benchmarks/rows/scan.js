// What does it cost to have all 100,000 entries, beside a bare SCAN with an MGET of each batch?
import { compare, microseconds } from '../bench/compare.js';
import { RAW } from '../bench/stage.js';

export const stores = ['redis-v4', 'redis-v5', 'redis-v6'];

const ENTRIES = 100_000;

export async function measure({ connect, open }) {
  const client = await connect();
  const handle = await open({ namespace: 'scan', client, cache: false });
  await handle.setMany(Array.from({ length: ENTRIES }, (_, index) => [`key ${index}`, `value of ${index}`]));

  const scan = async () => {
    let cursor = '0';
    let count = 0;
    do {
      const args = ['SCAN', cursor, 'MATCH', 'scan/*', 'COUNT', '500', 'TYPE', 'string'];
      const [next, names] = await client.sendCommand(args, RAW);
      const values = await client.sendCommand(['MGET', ...names], RAW);
      count += values.length;
      cursor = String(next);
    } while (cursor !== '0');
    if (count !== ENTRIES) throw new Error('The scan is not whole.');
  };
  const snapshot = async () => {
    const entries = await handle.snapshot();
    if (Object.keys(entries).length !== ENTRIES) throw new Error('The snapshot is not whole.');
  };
  return [
    await compare({
      id: 'scan',
      what: 'scan and load of 100,000 keys, `snapshot()`',
      limit: 'raw `SCAN` + `MGET`',
      goal: 1.3,
      unit: 'µs',
      rounds: 9,
      base: () => microseconds(ENTRIES, scan),
      measure: () => microseconds(ENTRIES, snapshot),
    }),
  ];
}
