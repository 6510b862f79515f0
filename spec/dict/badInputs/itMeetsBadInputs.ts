import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { memoryStore, type NearDict, openDict, type Store } from 'neardict';
import { redisStore } from 'neardict/redis';
import type { Place } from '../../support/places.ts';
import { calls } from './calls.ts';
import { keys } from './keys.ts';
import { opening } from './opening.ts';
import { type Row, Stage } from './row.ts';
import { stored } from './stored.ts';
import { values } from './values.ts';

/** Every kind of bad input. */
const rows: readonly Row[] = [...keys, ...values, ...stored, ...opening, ...calls];

/**
 * Makes a test of every kind of bad input, in both modes of writing.
 *
 * @param start - Where the store is. Default: in memory.
 */
export function itMeetsBadInputs(name: string, start?: () => Promise<Place>): void {
  describe(`bad inputs on ${name}`, () => {
    let place: Place | undefined;
    let store: Store;
    let kept: NearDict;
    beforeAll(async () => {
      place = await start?.();
      store = place === undefined ? memoryStore() : redisStore(place.source);
      // So that the connections of the store last from row to row.
      kept = await openDict({ namespace: 'kept', store });
    });
    afterAll(async () => {
      await kept.close();
      await place?.stop();
    });

    describe.each(['through', 'back'] as const)('write %s', (write) => {
      it.each(rows.map((row, index) => ({ ...row, ...(start === undefined ? row.inMemory : {}), index })))(
        '$input: $expected',
        async ({ check, index }) => {
          const stage = new Stage({ namespace: `row-${index}-${write}`, store, write, place });
          try {
            await check(stage);
          } finally {
            await stage.end();
          }
        },
      );
    });
  });
}
