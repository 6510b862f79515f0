// What does a write cost the server, alone, with many others, and with many who listen?
import { compare } from '../bench/compare.js';
import { serverMeter } from '../bench/serverTime.js';
import { RAW } from '../bench/stage.js';

export const stores = ['redis-v4', 'redis-v5', 'redis-v6'];

const ALONE = 1000;
const TICK = 10_000;
const LISTENERS = 64;
const VALUE = 'x'.repeat(100);

export async function measure({ connect, open }) {
  const client = await connect();
  const spend = serverMeter(client);
  const handle = await open({ namespace: 'server', client });
  const { dict } = handle;
  const keys = Array.from({ length: TICK }, (_, index) => `key ${index}`);
  const set = (key) => client.sendCommand(['SET', `bare/${key}`, VALUE], RAW);
  const row = { limit: '`SET`', unit: 'µs' };
  const write = (key) => handle.set(key, VALUE);
  const writes = () => spend(ALONE, () => oneByOne(keys, write));
  const rows = [
    await compare({
      ...row,
      id: 'server, alone',
      what: 'server CPU of a write, alone',
      goal: 1.4,
      rounds: 15,
      base: () => spend(ALONE, () => oneByOne(keys, set)),
      measure: writes,
    }),
    await compare({
      ...row,
      id: 'server, batched',
      what: 'server CPU of a write, 10,000 in one tick',
      goal: 1.6,
      rounds: 25,
      base: () => spend(TICK, () => Promise.all(keys.map(set))),
      measure: () =>
        spend(TICK, () => {
          for (const key of keys) dict[key] = VALUE;
          return handle.flush();
        }),
    }),
  ];

  // One listener is the dictionary itself.
  for (let count = 1; count < LISTENERS; count++) await listen(await connect());
  const publish = () => client.sendCommand(['PUBLISH', 'bare', VALUE], RAW);
  rows.push(
    await compare({
      id: 'fan-out',
      what: 'fan-out of a write to 64 listeners, server CPU',
      limit: 'bare `PUBLISH`',
      goal: 1.15,
      unit: 'µs',
      rounds: 15,
      base: () => spend(ALONE, () => oneByOne(keys, publish)),
      measure: writes,
    }),
  );
  return rows;
}

async function oneByOne(keys, act) {
  for (const key of keys.slice(0, ALONE)) await act(key);
}

/** Two channels for a dictionary, as it has them itself, and one for bare messages. */
function listen(subscriber) {
  return subscriber.subscribe(['bare', 'server/update', 'server/delete'], () => {}, true);
}
