// How soon is a write seen by others, and what does one cost who it does not concern?
import { setTimeout as sleep } from 'node:timers/promises';
import { writeCall } from '../../build/lib/store/redis/writeCall.js';
import { partitionNames } from '../../build/lib/store/redis/names.js';
import { compare, microseconds, nanoseconds } from '../bench/compare.js';
import { RAW } from '../bench/stage.js';

export const stores = ['redis-v4', 'redis-v5', 'redis-v6'];

const VALUE = 'x'.repeat(100);
const BURST = 2000;

export async function measure(stage) {
  return [await compareDelays(stage), await compareHandling(stage)];
}

/** From a write in one dictionary until its value can be read in another one, which had the key cached. */
async function compareDelays({ connect, open }) {
  const client = await connect();
  const subscriber = await connect();
  const writer = await open({ namespace: 'delay', client });
  const reader = await open({ namespace: 'delay' });
  let arrived = () => {};
  await subscriber.subscribe('bare', () => arrived(), true);
  reader.on('change', () => arrived());
  await writer.set('key', VALUE);
  await reader.get('key');

  let written = 0;
  return compare({
    id: 'propagation',
    what: 'propagation, p50, from a write here until it can be read there',
    limit: 'raw `PUBLISH` to `SUBSCRIBE`',
    goal: 1.3,
    unit: 'µs',
    rounds: 3000,
    collects: false,
    base: () =>
      microseconds(1, async () => {
        const arrival = new Promise((resolve) => (arrived = resolve));
        await Promise.all([arrival, client.sendCommand(['PUBLISH', 'bare', VALUE], RAW)]);
      }),
    measure: () =>
      microseconds(1, async () => {
        const value = `${VALUE}${++written}`;
        const arrival = new Promise((resolve) => (arrived = resolve));
        writer.dict.key = value;
        await arrival;
        if ((await reader.dict.key) !== value) throw new Error('The old value was read.');
      }),
  });
}

/** Messages by the thousand, made on the server, about a key that the dictionary does not hold. */
async function compareHandling({ connect, open }) {
  const client = await connect();
  const subscriber = await connect();
  const reader = await open({ namespace: 'handling' });
  await reader.set('cached', VALUE);
  await reader.get('cached');
  let heard = 0;
  await subscriber.subscribe('bare', () => heard++, true);
  const names = partitionNames('handling', undefined);
  const batch = { deletes: [], sets: [['other', Buffer.from(VALUE)]], clear: false };
  const { script, args } = writeCall(batch, names, { origin: 1, inlineBytes: 256 }, 'PUBLISH');
  const publish = ['1', 'bare', Buffer.alloc(await lengthOfMessage(client, subscriber, names, script, args))];
  return compare({
    id: 'handling',
    what: 'handling of a message that concerns no cached key',
    limit: 'bare node-redis listener',
    goal: 1.2,
    unit: 'ns',
    rounds: 41,
    base: () => burst(client, `redis.call('PUBLISH', KEYS[1], ARGV[1])`, publish, () => heard),
    measure: () => burst(client, script.source, args, () => reader.stats().messages),
  });
}

/** Nanoseconds for each of the messages that come when the server runs a script again and again. */
async function burst(client, source, args, count) {
  const repeated = `local function run() ${source} end for time = 1, ${BURST} do run() end`;
  const end = count() + BURST;
  return nanoseconds(BURST, async () => {
    await client.sendCommand(['EVAL', repeated, ...args], RAW);
    while (count() < end) await sleep(1);
  });
}

/** Of what the script publishes when it is called so. */
async function lengthOfMessage(client, subscriber, { updateChannel }, { source }, args) {
  const heard = new Promise((resolve) => {
    subscriber.subscribe(updateChannel, resolve, true).then(() => client.sendCommand(['EVAL', source, ...args], RAW));
  });
  const { length } = await heard;
  await subscriber.unsubscribe(updateChannel);
  return length;
}
