import { afterEach, describe, expect, it } from '@jest/globals';
import type { Batch } from '../../lib/store/store.ts';
import { Writes } from '../../lib/dict/writes.ts';
import { DirtyEntry } from '../../lib/write/dirtyEntry.ts';
import { PendingWrites } from '../../lib/write/pendingWrites.ts';
import { WriteBack } from '../../lib/write/writeBack.ts';
import { replaceMethod } from '../simulation/replaceMethod.ts';
import { firstViolation } from './model/run.ts';

// The library over a store that waits with its answers, loses and refuses them; other writers; a seeded schedule of edits,
// flushes, awaited writes, evictions and time. SEED=<number> replays one schedule with its trace.

const { SEED, SCHEDULES = '1000' } = process.env;

/** Schedules in which a rule that is switched off has to be missed. */
const PLANTED = 400;

const none = (): void => {};

describe('a dictionary that writes back', () => {
  it('loses no edit, overwrites nothing unseen and applies nothing twice, whatever the schedule', async () => {
    const violation = SEED === undefined ? firstViolation(Number(SCHEDULES)) : firstViolation(1, Number(SEED));

    expect(await violation).toBeUndefined();
  }, 600_000);

  describe('breaks its promises when', () => {
    let restore = none;
    afterEach(() => {
      restore();
      restore = none;
    });

    it.each<{ rule: string; plant?: () => () => void; alter?: (batch: Batch) => Batch; found: RegExp }>([
      {
        rule: 'a flush takes along edits that it did not carry',
        plant: () =>
          replaceMethod(
            DirtyEntry.prototype,
            'land',
            (land) =>
              function (this: DirtyEntry, _, base) {
                land.call(this, this.edits, base);
              },
          ),
        found: /was lost|is read here/,
      },
      {
        rule: 'an edit during a flush is not a new one',
        plant: () =>
          replaceMethod(
            DirtyEntry.prototype,
            'edit',
            (edit) =>
              function (this: DirtyEntry, content) {
                edit.call(this, content);
                this.edits--;
              },
          ),
        found: /was lost|is read here/,
      },
      {
        rule: 'nothing is compared',
        alter: (batch) => (batch.conditions === undefined ? batch : { ...batch, conditions: [] }),
        found: /overwritten unseen/,
      },
      {
        rule: 'a flush that is sent again does not recognise itself',
        alter: (batch) => ({ ...batch, ticket: undefined }),
        found: /a conflict with its own|applied twice/,
      },
      {
        rule: 'later edits are not based on what a flush has brought',
        plant: () =>
          replaceMethod(
            DirtyEntry.prototype,
            'land',
            (land) =>
              function (this: DirtyEntry, edits, base) {
                const before = this.base;
                land.call(this, edits, base);
                this.base = before;
              },
          ),
        found: /a conflict with its own/,
      },
      {
        rule: 'readers do not see what is dirty',
        plant: () =>
          replaceMethod(
            PendingWrites.prototype,
            'set',
            (set) =>
              function (this: PendingWrites, key, write) {
                return write instanceof DirtyEntry ? this : set.call(this, key, write);
              },
          ),
        found: /is read here/,
      },
      {
        rule: 'eviction drops what is dirty',
        plant: () =>
          replaceMethod(
            WriteBack.prototype,
            'evicted',
            () =>
              function (this: WriteBack, key) {
                this.pending.delete(key);
              },
          ),
        found: /is read here/,
      },
      {
        rule: 'closing flushes nothing',
        plant: () => replaceMethod(WriteBack.prototype, 'flush', () => async () => []),
        found: /close failed/,
      },
      {
        rule: 'closing does not report what is left',
        plant: () => replaceMethod(Writes.prototype, 'addFailure', () => none),
        found: /was lost/,
      },
    ])(
      '$rule',
      async ({ plant, alter, found }) => {
        restore = plant?.() ?? none;

        expect(await firstViolation(PLANTED, 1, alter)).toMatch(found);
      },
      120_000,
    );
  });
});
