import assert from 'node:assert/strict';
import { type Cases, rejects, type StoreUnderTest } from '../storeUnderTest.ts';
import { bytes } from '../batches.ts';

const layout = { partitions: 1, hash: 'fnv1a', codec: 'msgpack' };

/** Names of two namespaces, which an adapter could take for one, or for one inside the other. */
const neighbours = [
  ['users', 'users:archive'],
  ['users:archive', 'users'],
  ['a', 'a.'],
  ['a', 'a..'],
  ['a', 'A'],
  ['a', 'a-b'],
  ['a_b', 'axb'],
] as const;

async function assertApart(store: StoreUnderTest, one: string, another: string): Promise<void> {
  const here = await store.open({ namespace: `${store.namespace}${one}` });
  const there = await store.open({ namespace: `${store.namespace}${another}` });
  const feed = await store.follow(there);
  const reached = another.slice(one.length);
  const names = ['x', '/x', '..', '../x', `${reached}/x`, ':archive/x', 'update', 'delete', '#position', '#meta'];
  const keys = [...new Set(names)];

  await store.write({ sets: keys.map((key) => [key, bytes('here')]) }, here);

  assert.deepEqual(await store.scan('', there), []);
  assert.deepEqual(
    await store.getMany(keys, there),
    keys.map(() => undefined),
  );
  const { position } = await store.set('x', 'there', there);
  assert.equal(position.seq, 1);
  await feed.heard(position);
  assert.equal(feed.messages.length, 1);
  assert.equal(await store.get('x', here), 'here');
  assert.deepEqual(await store.scan('', here), keys.toSorted());
}

export const namespaceCases: Cases = {
  async 'shares its data with everybody who opens it'(store) {
    const other = await store.openElsewhere();
    await store.set('a', '1');

    assert.equal(await store.get('a', other), '1');
  },

  ...Object.fromEntries(
    neighbours.map(([one, another]) => [
      `shares nothing with others: ${one} and ${another}`,
      (store: StoreUnderTest) => assertApart(store, one, another),
    ]),
  ),

  async 'refuses another number of partitions and another codec, and is none the worse for it'(store) {
    await rejects(store.open({ layout: { ...layout, partitions: 2 } }), 'ERR_NEARDICT_CONFIG_MISMATCH');
    await rejects(store.openElsewhere({ layout: { ...layout, codec: 'json' } }), 'ERR_NEARDICT_CONFIG_MISMATCH');

    await store.set('a', '1');
    assert.equal(await store.get('a', await store.open()), '1');
  },

  async 'remembers its layout when nobody has it open'(store) {
    await store.space.close();

    await rejects(store.open({ layout: { ...layout, codec: 'json' } }), 'ERR_NEARDICT_CONFIG_MISMATCH');
  },

  async 'can be opened by many at the same moment'(store) {
    const many = await Promise.all(Array.from({ length: 20 }, () => store.open()));

    await store.set('a', '1');

    for (const space of many) assert.equal(await store.get('a', space), '1');
  },
};
