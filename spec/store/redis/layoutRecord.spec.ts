import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from 'neardict';
import type { Connection } from '../../../lib/store/redis/connection.ts';
import { LayoutRecord } from '../../../lib/store/redis/layoutRecord.ts';
import { describeLayout } from '../../../lib/store/layout.ts';
import { soon } from '../../../lib/testing/contract/batches.ts';

const layout = { partitions: 1, hash: 'fnv1a', codec: 'msgpack' };
const forbidden = new UnavailableError('refused', { cause: new Error('NOPERM this user has no permissions') });

/** The record over a server that holds `stored`, and a user whose SET ends with `refusal`. */
class Place {
  stored: Buffer | null = null;
  refusal: Error | undefined;
  readonly sent: string[] = [];
  readonly #connection: Pick<Connection, 'query'> = {
    query: async ([command, , value]) => {
      this.sent.push(String(command));
      if (command === 'GET') return this.stored;
      if (this.refusal !== undefined) throw this.refusal;
      this.stored ??= Buffer.from(String(value));
      return 'OK';
    },
  };
  readonly record = new LayoutRecord(this.#connection as Connection, 'n', layout);
}

describe('the record of a layout', () => {
  it('is made by the first who opens the namespace, and looked at once by one who writes', async () => {
    const place = new Place();

    await place.record.check(soon());
    await place.record.assertRecorded(soon());
    await place.record.assertRecorded(soon());

    expect(String(place.stored)).toBe(describeLayout(layout));
    expect(place.sent).toEqual(['GET', 'SET', 'GET']);
  });

  it('is not tried to be made again and again by a user who only reads', async () => {
    const place = new Place();
    place.refusal = forbidden;

    await place.record.check(soon());
    await place.record.check(soon());

    expect(place.sent).toEqual(['GET', 'SET', 'GET']);
  });

  it('has to be there before anything is written: a user who may not make it is told so, until it was made', async () => {
    const place = new Place();
    place.refusal = forbidden;
    await place.record.check(soon());

    const writing = place.record.assertRecorded(soon());
    await expect(writing).rejects.toThrow(UnavailableError);
    await expect(writing).rejects.toThrow("may not set 'n#meta'; nothing was written");

    place.refusal = undefined;
    await place.record.assertRecorded(soon());
    expect(String(place.stored)).toBe(describeLayout(layout));
  });

  it('is not taken for one that the user may not make when the connection is lost', async () => {
    const place = new Place();
    place.refusal = new UnavailableError('lost', { cause: new Error('Socket closed unexpectedly') });
    await expect(place.record.check(soon())).rejects.toBe(place.refusal);

    place.refusal = undefined;
    await place.record.check(soon());
    expect(String(place.stored)).toBe(describeLayout(layout));
  });
});
