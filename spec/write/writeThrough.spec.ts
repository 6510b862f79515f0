import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import {
  AmbiguousWriteError,
  BackpressureError,
  ClosedError,
  type NearDictError,
  UnavailableError,
} from '../../lib/errors.ts';
import type { Batch, Receipt, Space } from '../../lib/store/store.ts';
import { Countdown } from '../../lib/write/countdown.ts';
import { WriteThrough } from '../../lib/write/writeThrough.ts';

/** A call that the test answers. */
interface Call {
  readonly batch: Batch;
  readonly deadline: number;
  succeed(): Promise<void>;
  fail(error: NearDictError): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function nextTick(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('write-through', () => {
  let now: number;
  let calls: Call[];
  let failures: string[];
  let onFailure: (key: string) => void;
  let writer: WriteThrough;

  beforeEach(() => {
    now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    calls = [];
    failures = [];
    onFailure = () => {};
    const space = {
      write: (_partition: number, batch: Batch, deadline: number) =>
        new Promise<Receipt>((resolve, reject) => {
          calls.push({
            batch,
            deadline,
            async succeed() {
              resolve({ position: { seq: calls.length, nonce: 1 }, existed: batch.deletes.map(() => true) });
              await nextTick();
            },
            async fail(error) {
              reject(error);
              await nextTick();
            },
          });
        }),
    } as unknown as Space;
    const partition = new Partition(
      new NearCache(10, 1000),
      {
        now: () => now,
        requestReading: () => {},
        distrustFeed: () => {},
        isPending: (key) => writer.pending.has(key),
        changes: { isListening: false, changed() {}, cleared() {}, resynced() {}, syncChanged() {} },
      },
      { maxStalenessMs: 5000, lossPatienceMs: 2500 },
      1,
    );
    writer = new WriteThrough({
      space,
      partitions: [partition],
      partitionOf: () => 0,
      timeoutMs: 1000,
      limits: { maxWrites: 3000, maxBytes: 10_000 },
      onFailure: (key, error) => {
        failures.push(`${key} ${error.name}`);
        onFailure(key);
      },
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** The call that was made last. */
  function lastCall(): Call {
    const call = calls.at(-1);
    if (call === undefined) throw new Error('No call was made.');
    return call;
  }

  it('sends the writes of a tick in one call, the last of each key', async () => {
    writer.write('ada', bytes('1'));
    writer.write('bob', bytes('2'));
    writer.write('ada', bytes('3'));
    await nextTick();

    expect(calls.map(({ batch }) => batch)).toEqual([
      {
        deletes: [],
        sets: [
          ['ada', bytes('3')],
          ['bob', bytes('2')],
        ],
        clear: false,
      },
    ]);
  });

  it('has one call under way, and gathers what is written meanwhile', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    writer.write('ada', bytes('2'));
    writer.write('ada', bytes('3'));
    await nextTick();
    expect(calls).toHaveLength(1);

    await lastCall().succeed();
    expect(lastCall().batch.sets).toEqual([['ada', bytes('3')]]);
  });

  it('shows readers the newest write until it is applied', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    writer.write('ada', bytes('2'));
    await lastCall().succeed();
    expect(writer.pending.get('ada')?.entry.bytes).toEqual(bytes('2'));

    await lastCall().succeed();
    expect(writer.pending.size).toBe(0);
  });

  it('goes on showing the write that is under way when a newer one is given up', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    const waiter = new Countdown(1);
    writer.write('ada', bytes('2'), waiter);

    expect(writer.cancel('ada', waiter)).toBe(true);
    expect(writer.pending.get('ada')?.entry.bytes).toEqual(bytes('1'));
  });

  it('gives up no write that is under way, or that others want too', async () => {
    const waiter = new Countdown(1);
    writer.write('ada', bytes('1'), waiter);
    await nextTick();
    expect(writer.cancel('ada', waiter)).toBe(false);

    writer.write('bob', bytes('1'));
    writer.write('bob', bytes('2'), waiter);
    expect(writer.cancel('bob', waiter)).toBe(false);
  });

  it('reports a background failure once, and a waited one to its waiter alone', async () => {
    const waiter = new Countdown(1);
    writer.write('ada', bytes('1'));
    writer.write('bob', bytes('1'), waiter);
    await nextTick();
    const reason = waiter.done.catch((error: unknown) => error);
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(await reason).toBeInstanceOf(AmbiguousWriteError);
    expect(failures).toEqual(['ada AmbiguousWriteError']);
  });

  it('sends a younger write again that shared a call which was never sent', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    now = 500;
    writer.write('bob', bytes('1'));
    now = 1000;
    await lastCall().fail(new UnavailableError('no connection'));

    expect(failures).toEqual(['ada UnavailableError']);
    expect(lastCall().batch.sets).toEqual([['bob', bytes('1')]]);
    expect(lastCall().deadline).toBe(1500);
  });

  it('does not send a write whose time has passed, and says that it was not applied', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    writer.write('bob', bytes('1'));
    now = 2000;
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(calls).toHaveLength(1);
    expect(failures).toEqual(['ada AmbiguousWriteError', 'bob UnavailableError']);
  });

  it('does not count the time that a write waits in a long queue behind writes that get through', async () => {
    for (let index = 0; index < 3000; index++) writer.write(`key${index}`, bytes('1'));
    await nextTick();
    for (let call = 1; call <= 3; call++) {
      now += 800;
      await lastCall().succeed();
    }

    expect(calls).toHaveLength(3);
    expect(failures).toEqual([]);
  });

  it('lets clear() have its turn while writes keep coming', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    const cleared = writer.clear(['ada']);
    writer.write('bob', bytes('1'));
    await lastCall().succeed();
    expect(lastCall().batch).toEqual({ deletes: ['ada'], sets: [], clear: true });

    await lastCall().succeed();
    await cleared;
    expect(lastCall().batch.sets).toEqual([['bob', bytes('1')]]);
  });

  it('gives up everything when it is closed: what was not sent, and what may have been applied', async () => {
    const waiters = [new Countdown(1), new Countdown(1)];
    const outcomes = waiters.map(({ done }) => done.catch((error: unknown) => error));
    writer.write('ada', bytes('1'), waiters[0]);
    writer.write('eve', bytes('1'));
    await nextTick();
    writer.write('bob', bytes('1'), waiters[1]);
    const cleared = writer.clear([]).catch((error: unknown) => error);
    writer.close(new ClosedError('users'));

    const [sent, waiting] = await Promise.all(outcomes);
    expect(sent).toBeInstanceOf(AmbiguousWriteError);
    expect(waiting).toBeInstanceOf(ClosedError);
    expect(await cleared).toBeInstanceOf(ClosedError);
    expect(failures).toEqual(['eve AmbiguousWriteError']);
    expect(writer.pending.size).toBe(0);
  });

  it('tells nobody how a call ended that was given up', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    writer.close(new ClosedError('users'));
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(failures).toEqual(['ada AmbiguousWriteError']);
    expect(calls).toHaveLength(1);
  });

  it('gives up a clear that is under way when it is closed', async () => {
    const cleared = writer.clear(['ada']);
    await nextTick();
    writer.close(new ClosedError('users'));

    await expect(cleared).rejects.toThrow(AmbiguousWriteError);
  });

  it('sends nothing more when it is closed by somebody who hears of a failure', async () => {
    writer.write('first', bytes('1'));
    await nextTick();
    now = 100;
    writer.write('old', bytes('1'));
    now = 600;
    writer.write('young', bytes('1'));
    now = 1000;
    await lastCall().fail(new UnavailableError('no connection'));
    // The call of both fails when the time of the old one is over; the young one is put behind a newer one.
    const cleared = writer.clear([]).catch(() => {});
    writer.write('new', bytes('1'));
    now = 1100;
    await lastCall().fail(new UnavailableError('no connection'));
    onFailure = () => {
      writer.close(new ClosedError('users'));
    };
    now = 1700;
    await lastCall().fail(new AmbiguousWriteError('gone'));
    await cleared;

    expect(calls.at(-1)?.batch.clear).toBe(true);
    expect(failures.slice(2)).toEqual(['young UnavailableError', 'new ClosedError']);
    expect(writer.pending.size).toBe(0);
  });

  it('does not send a clear whose time has passed', async () => {
    writer.write('ada', bytes('1'));
    await nextTick();
    const outcome = writer.clear(['ada']).catch((error: unknown) => error);
    now = 1000;
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(await outcome).toBeInstanceOf(UnavailableError);
    expect(calls).toHaveLength(1);
  });

  describe('with as many writes waiting as it may hold', () => {
    beforeEach(async () => {
      writer.write('under way', bytes('1'));
      await nextTick();
      for (let index = 0; index < 3000; index++) writer.write(`key${index}`, bytes('1'));
    });

    it('refuses one more, and loses none', async () => {
      expect(() => writer.write('more', bytes('1'))).toThrow(BackpressureError);
      for (let call = 0; call < 4; call++) await lastCall().succeed();

      expect(calls.map(({ batch }) => batch.sets.length)).toEqual([1, 1000, 1000, 1000]);
      expect(failures).toEqual([]);
    });

    it('takes another value for one that waits', () => {
      writer.write('key7', bytes('2'));

      expect(writer.pending.get('key7')?.entry.bytes).toEqual(bytes('2'));
    });

    it('takes more when some were sent', async () => {
      await lastCall().succeed();

      writer.write('more', bytes('1'));
      expect(writer.pending.has('more')).toBe(true);
    });

    it('takes more when one was given up', async () => {
      await lastCall().succeed();
      const waiter = new Countdown(1);
      writer.write('mine', bytes('1'), waiter);
      for (let index = 1; index < 1000; index++) writer.write(`more${index}`, bytes('1'));
      expect(() => writer.write('last', bytes('1'))).toThrow(BackpressureError);

      writer.cancel('mine', waiter);
      writer.write('last', bytes('1'));
      expect(writer.pending.has('last')).toBe(true);
    });
  });

  describe('with as many bytes waiting as it may hold', () => {
    const large = bytes('x'.repeat(5000));

    beforeEach(async () => {
      writer.write('under way', bytes('1'));
      await nextTick();
      writer.write('ada', large);
      writer.write('bob', large);
    });

    it('refuses more bytes, also for a key that waits', () => {
      expect(() => writer.write('eve', bytes('1'))).toThrow(BackpressureError);
      expect(() => writer.write('ada', bytes('x'.repeat(5001)))).toThrow(BackpressureError);
      expect(writer.pending.get('ada')?.entry.bytes).toEqual(large);
    });

    it('takes a delete, a smaller value, and then more', () => {
      writer.write('eve', undefined);
      writer.write('ada', bytes('1'));
      writer.write('more', bytes('1'));

      expect([...writer.pending.keys()]).toEqual(['under way', 'ada', 'bob', 'eve', 'more']);
    });
  });

  describe('to a store that is full', () => {
    const full = new UnavailableError('It is full.', { isFull: true });

    beforeEach(async () => {
      writer.write('ada', bytes('1'));
      writer.write('bob', undefined);
      writer.write('eve', undefined, { applied: () => failures.push('eve applied'), failed: () => {} });
      writer.write('eve', bytes('2'));
      await nextTick();
      await lastCall().fail(full);
    });

    it('fails what sets, and sends the deletes of the call alone', async () => {
      expect(failures).toEqual(['ada UnavailableError', 'eve UnavailableError']);
      expect([...writer.pending.keys()]).toEqual(['bob']);
      expect(calls.slice(1).map(({ batch }) => batch)).toEqual([{ deletes: ['bob'], sets: [], clear: false }]);

      await lastCall().succeed();
      expect(writer.pending.size).toBe(0);
      expect(failures).toHaveLength(2);
    });

    it('sends them before what was written meanwhile', async () => {
      writer.write('bob', bytes('3'));
      await nextTick();
      expect(calls).toHaveLength(2);

      await lastCall().succeed();
      expect(lastCall().batch.sets).toEqual([['bob', bytes('3')]]);
    });

    it('fails each of them once if it refuses them as well', async () => {
      await lastCall().fail(full);

      expect(calls).toHaveLength(2);
      expect(failures).toEqual(['ada UnavailableError', 'eve UnavailableError', 'bob UnavailableError']);
    });

    it('tells each write once, also when it is closed meanwhile', async () => {
      writer.close(new ClosedError('a'));
      await lastCall().succeed();

      expect(failures).toEqual(['ada UnavailableError', 'eve UnavailableError', 'bob AmbiguousWriteError']);
    });
  });
});
