import assert from 'node:assert/strict';
import type { Receipt, Ticket } from '../../../store/store.ts';
import { bytes } from '../batches.ts';
import { type Cases, is, plainPosition } from '../storeUnderTest.ts';

function ticket(number: number, holder: number = 0xabcd_ef01_2345): Ticket {
  return { holder, number };
}

/** Asserts that the batch had been applied before, by the call that `first` was returned from. */
function assertRepeats(again: Receipt, first: Receipt): void {
  assert.deepEqual(
    { ...plainPosition(again.position), existed: again.existed.length, isRepeated: again.isRepeated },
    { ...plainPosition(first.position), existed: 0, isRepeated: true },
  );
}

export const ticketCases: Cases = {
  async 'is applied once, however often it is sent, and tells the position that it made'(store) {
    const sent = { sets: [['a', bytes('1')]], ticket: ticket(1) } as const;
    const first = await store.write(sent);
    const other = await store.set('a', '2');

    const again = await store.write(sent);

    assert.equal(first.isRepeated ?? false, false);
    assertRepeats(again, first);
    assert.equal(await store.get('a'), '2');
    assert.deepEqual(await store.position(), plainPosition(other.position));
  },

  async 'is not applied any more when a later one of its holder was'(store) {
    await store.write({ sets: [['a', bytes('2')]], ticket: ticket(2) });

    await store.write({ sets: [['a', bytes('1')]], ticket: ticket(1) }).catch(() => {});

    assert.equal(await store.get('a'), '2');
    assert.equal((await store.position()).seq, 1);
  },

  async 'is applied beside those of other holders, whatever their numbers'(store) {
    await store.write({ sets: [['a', bytes('1')]], ticket: ticket(2 ** 47) });
    await store.write({ sets: [['b', bytes('1')]], ticket: ticket(1, 1) });
    await store.write({ sets: [['c', bytes('1')]], ticket: ticket(2 ** 47 + 1) });

    assert.deepEqual(await store.getMany(['a', 'b', 'c']), ['1', '1', '1']);
  },

  async 'knows itself before it compares: what it has changed is no conflict'(store) {
    const sent = { sets: [['a', bytes('1')]], conditions: [is('a', null)], ticket: ticket(1) } as const;
    const first = await store.write(sent);

    const again = await store.write(sent);

    assertRepeats(again, first);
    assert.equal(again.conflicts, undefined);
  },

  async 'that was refused can be sent again, and is applied once its conditions hold'(store) {
    const sent = { deletes: ['b'], sets: [], conditions: [is('a', '1')], ticket: ticket(1) } as const;
    assert.equal((await store.write(sent)).conflicts?.length, 1);
    await store.set('a', '1');

    const applied = await store.write(sent);

    assert.deepEqual([applied.conflicts, applied.position.seq, [...applied.existed]], [undefined, 2, [false]]);
    assertRepeats(await store.write(sent), applied);
  },
};
