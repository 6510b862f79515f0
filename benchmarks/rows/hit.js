// What does a read from memory cost, beside one of a Map?
import { compileFunction } from 'node:vm';
import { compare, nanoseconds } from '../bench/compare.js';

export const stores = ['memory', 'redis-v4', 'redis-v5', 'redis-v6'];

const KEYS = 1000;
/** A round is short, so that few of them meet other work of the machine, and there are many. */
const ORDERS = 16;
const READS = KEYS * ORDERS;

export async function measure({ open }) {
  const map = new Map(Array.from({ length: KEYS }, (_, index) => [`item_${index}`, { index }]));
  const orders = Array.from({ length: ORDERS }, () => shuffled([...map.keys()]));
  const warm = async (options) => {
    const handle = await open({ namespace: 'hit', ...options });
    await handle.setMany(map);
    await handle.getMany([...map.keys()]);
    return handle;
  };
  const { dict, peek } = bound(await warm());
  const { dict: parts } = await warm({ namespace: 'hit-parts', partitions: 64 });
  const { dict: writing } = await warm({ namespace: 'hit-writing', write: { mode: 'back', flushInterval: '1h' } });
  writing.unwritten = 1;

  const row = ({ loop: read, ours, limit = '`await map.get(key)`', ...others }) =>
    compare({
      limit,
      unit: 'ns',
      rounds: 101,
      // The threads that collect garbage would count.
      collects: false,
      ...others,
      base: () => round(() => read.map(map, orders)),
      measure: () => round(() => read.dict(ours, orders)),
    });
  return [
    await row({ id: 'hit', what: 'hit, `await dict.key`, 1,000 keys shuffled', goal: 1.1, loop: tight(), ours: dict }),
    await row({ id: 'hit: turns', what: 'hit, 10 reads per turn', goal: 1.2, rounds: 41, loop: turns(), ours: dict }),
    await row({ id: 'hit: partitions', what: 'hit, 64 partitions', goal: 1.2, loop: tight(), ours: parts }),
    await row({ id: 'hit: pending', what: 'hit, a write pending', goal: 1.2, loop: tight(), ours: writing }),
    await row({
      id: 'hit: all',
      what: 'hit, `Promise.all` of 100',
      limit: '`Promise.all` of a Map',
      goal: 1.15,
      loop: together(),
      ours: dict,
    }),
    await row({ id: 'hit: named', what: 'hit, `await dict.name`', goal: 1.05, loop: named(), ours: dict }),
    await row({ id: 'hit: dynamic', what: 'hit, `` dict[`item_${i}`] ``', goal: 1.05, loop: dynamic(), ours: dict }),
    await row({ id: 'peek', what: '`peek(key)`', limit: '`map.get(key)`', goal: 1.5, loop: peeks(), ours: peek }),
  ];
}

/** A turn comes first: what only awaits settled reads lets no message in, and is not proven fresh for long. */
async function round(read) {
  await new Promise((resolve) => setImmediate(resolve));
  return nanoseconds(READS, read);
}

/** A method can't be taken from its handle. */
function bound(handle) {
  return { dict: handle.dict, peek: { peek: (key) => handle.peek(key) } };
}

// The loops. Each is compiled anew for each side of each row, so that it knows one kind of object.

function tight() {
  return loops((read) => `for (const keys of orders) for (const key of keys) await ${read('key')};`);
}

function turns() {
  return loops(
    (read) => `
      for (const keys of orders) for (let index = 0; index < keys.length; ) {
        for (const end = index + 10; index < end; index++) await ${read('keys[index]')};
        await new Promise((resolve) => setImmediate(resolve));
      }`,
  );
}

function together() {
  return loops(
    (read) => `
      for (const keys of orders) for (let index = 0; index < keys.length; index += 100) {
        const reads = [];
        for (let at = index; at < index + 100; at++) reads.push(${read('keys[at]')});
        await Promise.all(reads);
      }`,
  );
}

function named() {
  const some = Array.from({ length: 100 }, (_, index) => `item_${index * 10}`);
  return {
    map: loop(
      `for (let time = 0; time < ${READS / 100}; time++) { ${some.map((name) => `await from.get('${name}');`).join('')} }`,
    ),
    dict: loop(
      `for (let time = 0; time < ${READS / 100}; time++) { ${some.map((name) => `await from.${name};`).join('')} }`,
    ),
  };
}

function dynamic() {
  return loops(
    (read) => `for (let index = 0; index < ${READS}; index++) await ${read(`'item_' + (index % ${KEYS})`)};`,
  );
}

function peeks() {
  const body = (read) =>
    `for (const keys of orders) for (const key of keys) if (from.${read}(key) === undefined) throw key;`;
  return { map: loop(body('get')), dict: loop(body('peek')) };
}

function loops(body) {
  return { map: loop(body((key) => `from.get(${key})`)), dict: loop(body((key) => `from[${key}]`)) };
}

let compiled = 0;

function loop(body) {
  return compileFunction(`/* ${compiled++} */ return (async () => { ${body} })();`, ['from', 'orders']);
}

function shuffled(keys) {
  for (let left = keys.length; left > 1; left--) {
    const at = Math.floor(Math.random() * left);
    [keys[at], keys[left - 1]] = [keys[left - 1], keys[at]];
  }
  return keys;
}
