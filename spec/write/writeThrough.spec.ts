import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import {
  AmbiguousWriteError,
  BackpressureError,
  ClosedError,
  KeyError,
  type NearDictError,
  PartialWriteError,
  UnavailableError,
} from '../../lib/errors.ts';
import type { Batch, Receipt, Space } from '../../lib/store/store.ts';
import { Countdown } from '../../lib/write/countdown.ts';
import { WriteThrough } from '../../lib/write/writeThrough.ts';
import type { Content } from '../../lib/write/writer.ts';
import { until } from '../support/until.ts';

/** A call that the test answers. */
interface Call {
  readonly batch: Batch;
  readonly deadline: number;
  succeed(receipt?: Partial<Receipt>): Promise<void>;
  fail(error: NearDictError): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const content = (text: string): Content => ({ bytes: bytes(text), ttlMs: undefined });
const DELETED: Content = { bytes: undefined, ttlMs: undefined };

async function nextTick(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('write-through', () => {
  let now: number;
  let calls: Call[];
  let failures: string[];
  let onFailure: (key: string) => void;
  let writer: WriteThrough;

  function openPartition(): Partition {
    const host = {
      now: () => now,
      requestReading: () => {},
      distrustFeed: () => {},
      repaired: () => {},
      isPending: (key: string) => writer.pending.has(key),
      owns: () => true,
      changes: { isListening: false, changed() {}, cleared() {}, resynced() {}, syncChanged() {} },
    };
    return new Partition(new NearCache(10, 1000), host, { maxStalenessMs: 5000, lossPatienceMs: 2500 }, 1);
  }

  /** A writer to a store that takes everything: the partition of a key is its length, modulo the partitions. */
  function openSpread(partitions: number): { readonly writer: WriteThrough; readonly batches: readonly Batch[] } {
    const batches: Batch[] = [];
    const space = {
      async write(_: number, batch: Batch): Promise<Receipt> {
        batches.push(batch);
        return { position: { seq: batches.length, nonce: 1 }, existed: batch.deletes.map(() => true) };
      },
    } as unknown as Space;
    const spread = new WriteThrough({
      space,
      partitions: Array.from({ length: partitions }, openPartition),
      partitionOf: (key) => key.length % partitions,
      timeoutMs: 1000,
      onFailure: () => {},
    });
    return { writer: spread, batches };
  }

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
            async succeed(receipt = {}) {
              resolve({
                position: { seq: calls.length, nonce: 1 },
                existed: batch.deletes.map(() => true),
                ...receipt,
              });
              await nextTick();
            },
            async fail(error) {
              reject(error);
              await nextTick();
            },
          });
        }),
    } as unknown as Space;
    writer = new WriteThrough({
      space,
      partitions: [openPartition()],
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
    writer.write('ada', content('1'));
    writer.write('bob', content('2'));
    writer.write('ada', content('3'));
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
    await lastCall().succeed();
    expect(writer.bytesOut).toBe(2);
  });

  it('has one call under way, and gathers what is written meanwhile', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    writer.write('ada', content('2'));
    writer.write('ada', content('3'));
    await nextTick();
    expect(calls).toHaveLength(1);

    await lastCall().succeed();
    expect(lastCall().batch.sets).toEqual([['ada', bytes('3')]]);
  });

  it('takes into the next call what those write who were answered by the one before', async () => {
    const answer = new Countdown(1);
    writer.write('ada', content('1'), answer);
    const answered = (async () => answer.done)();
    void answered.then(() => {
      writer.write('ada', content('2'));
    });
    await nextTick();
    writer.write('bob', content('3'));

    await lastCall().succeed();
    expect(lastCall().batch.sets.map(([key]) => key)).toEqual(['bob', 'ada']);
  });

  it('shows readers the newest write until it is applied', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    writer.write('ada', content('2'));
    await lastCall().succeed();
    expect(writer.pending.get('ada')?.entry.bytes).toEqual(bytes('2'));

    await lastCall().succeed();
    expect(writer.pending.size).toBe(0);
  });

  it('goes on showing the write that is under way when a newer one is given up', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    const waiter = new Countdown(1);
    writer.write('ada', content('2'), waiter);

    expect(writer.cancel(waiter)).toBe(true);
    expect(writer.pending.get('ada')?.entry.bytes).toEqual(bytes('1'));
  });

  it('gives up no write that is under way, or that others want too', async () => {
    const waiter = new Countdown(1);
    writer.write('ada', content('1'), waiter);
    await nextTick();
    expect(writer.cancel(waiter)).toBe(false);

    writer.write('bob', content('1'));
    writer.write('bob', content('2'), waiter);
    expect(writer.cancel(waiter)).toBe(false);
  });

  it('reports a background failure once, and a waited one to its waiter alone', async () => {
    const waiter = new Countdown(1);
    writer.write('ada', content('1'));
    writer.write('bob', content('1'), waiter);
    await nextTick();
    const reason = waiter.done.catch((error: unknown) => error);
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(await reason).toBeInstanceOf(AmbiguousWriteError);
    expect(failures).toEqual(['ada AmbiguousWriteError']);
  });

  it('sends a younger write again that shared a call which was never sent', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    now = 500;
    writer.write('bob', content('1'));
    now = 1000;
    await lastCall().fail(new UnavailableError('no connection'));

    expect(failures).toEqual(['ada UnavailableError']);
    expect(lastCall().batch.sets).toEqual([['bob', bytes('1')]]);
    expect(lastCall().deadline).toBe(1500);
  });

  it('does not send a write whose time has passed, and says that it was not applied', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    writer.write('bob', content('1'));
    now = 2000;
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(calls).toHaveLength(1);
    expect(failures).toEqual(['ada AmbiguousWriteError', 'bob UnavailableError']);
  });

  it('does not count the time that a write waits in a long queue behind writes that get through', async () => {
    for (let index = 0; index < 3000; index++) writer.write(`key${index}`, content('1'));
    await nextTick();
    for (let call = 1; call <= 3; call++) {
      now += 800;
      await lastCall().succeed();
    }

    expect(calls).toHaveLength(3);
    expect(failures).toEqual([]);
  });

  it('lets clear() have its turn while writes keep coming', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    const cleared = writer.clear(['ada'], true);
    writer.write('bob', content('1'));
    await lastCall().succeed();
    expect(lastCall().batch).toEqual({ deletes: ['ada'], sets: [], clear: true });

    await lastCall().succeed();
    await cleared;
    expect(lastCall().batch.sets).toEqual([['bob', bytes('1')]]);
  });

  it('clears in the partitions of the keys, and at last in all', async () => {
    const { writer: spread, batches } = openSpread(2);
    await spread.clear(['a', 'ccc'], false);
    expect(batches).toEqual([{ deletes: ['a', 'ccc'], sets: [], clear: false }]);

    await spread.clear(['a'], true);
    expect(batches.slice(1)).toEqual([
      { deletes: [], sets: [], clear: true },
      { deletes: ['a'], sets: [], clear: true },
    ]);
  });

  it('settles a key when all its writes have ended, well or not', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    writer.write('ada', content('2'));
    let isSettled = false;
    const settled = writer.settled('ada').then(() => {
      isSettled = true;
    });
    await writer.settled('bob');
    await lastCall().fail(new UnavailableError('full'));
    expect(isSettled).toBe(false);

    await lastCall().succeed();
    await settled;
  });

  it('gives up everything when it is closed: what was not sent, and what may have been applied', async () => {
    const waiters = [new Countdown(1), new Countdown(1)];
    const outcomes = waiters.map(({ done }) => done.catch((error: unknown) => error));
    writer.write('ada', content('1'), waiters[0]);
    writer.write('eve', content('1'));
    await nextTick();
    writer.write('bob', content('1'), waiters[1]);
    const cleared = writer.clear([], true).catch((error: unknown) => error);
    writer.close(new ClosedError('users'));

    const [sent, waiting] = await Promise.all(outcomes);
    expect(sent).toBeInstanceOf(AmbiguousWriteError);
    expect(waiting).toBeInstanceOf(ClosedError);
    expect(await cleared).toBeInstanceOf(ClosedError);
    expect(failures).toEqual(['eve AmbiguousWriteError']);
    expect(writer.pending.size).toBe(0);
  });

  it('tells nobody how a call ended that was given up', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    writer.close(new ClosedError('users'));
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(failures).toEqual(['ada AmbiguousWriteError']);
    expect(calls).toHaveLength(1);
  });

  it('gives up a clear that is under way when it is closed', async () => {
    const cleared = writer.clear(['ada'], true);
    await nextTick();
    writer.close(new ClosedError('users'));

    await expect(cleared).rejects.toThrow(AmbiguousWriteError);
  });

  it('sends nothing more when it is closed by somebody who hears of a failure', async () => {
    writer.write('first', content('1'));
    await nextTick();
    now = 100;
    writer.write('old', content('1'));
    now = 600;
    writer.write('young', content('1'));
    onFailure = (key) => {
      if (key === 'old') writer.close(new ClosedError('users'));
    };
    now = 1200;
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(calls).toHaveLength(1);
    expect(failures).toEqual(['first AmbiguousWriteError', 'old UnavailableError', 'young ClosedError']);
    expect(writer.pending.size).toBe(0);
  });

  it('does not send a clear whose time has passed', async () => {
    writer.write('ada', content('1'));
    await nextTick();
    const outcome = writer.clear(['ada'], true).catch((error: unknown) => error);
    now = 1000;
    await lastCall().fail(new AmbiguousWriteError('gone'));

    expect(await outcome).toMatchObject({ name: 'UnavailableError', message: expect.stringMatching(/was not sent/) });
    expect(calls).toHaveLength(1);
  });

  describe('with as many writes waiting as it may hold', () => {
    beforeEach(async () => {
      writer.write('under way', content('1'));
      await nextTick();
      for (let index = 0; index < 3000; index++) writer.write(`key${index}`, content('1'));
    });

    it('refuses one more, and loses none', async () => {
      expect(() => writer.write('more', content('1'))).toThrow(BackpressureError);
      for (let call = 0; call < 4; call++) await lastCall().succeed();

      expect(calls.map(({ batch }) => batch.sets.length)).toEqual([1, 1000, 1000, 1000]);
      expect(failures).toEqual([]);
    });

    it('takes another value for one that waits', () => {
      writer.write('key7', content('2'));

      expect(writer.pending.get('key7')?.entry.bytes).toEqual(bytes('2'));
    });

    it('takes more when some were sent', async () => {
      await lastCall().succeed();

      writer.write('more', content('1'));
      expect(writer.pending.has('more')).toBe(true);
    });

    it('takes more when one was given up', async () => {
      await lastCall().succeed();
      const waiter = new Countdown(1);
      writer.write('mine', content('1'), waiter);
      for (let index = 1; index < 1000; index++) writer.write(`more${index}`, content('1'));
      expect(() => writer.write('last', content('1'))).toThrow(BackpressureError);

      writer.cancel(waiter);
      writer.write('last', content('1'));
      expect(writer.pending.has('last')).toBe(true);
    });
  });

  describe('with as many bytes waiting as it may hold', () => {
    const large = bytes('x'.repeat(5000));

    beforeEach(async () => {
      writer.write('under way', content('1'));
      await nextTick();
      writer.write('ada', { bytes: large, ttlMs: undefined });
      writer.write('bob', { bytes: large, ttlMs: undefined });
    });

    it('refuses more bytes, also for a key that waits', () => {
      expect(() => writer.write('eve', content('1'))).toThrow(BackpressureError);
      expect(() => writer.write('ada', content('x'.repeat(5001)))).toThrow(BackpressureError);
      expect(writer.pending.get('ada')?.entry.bytes).toEqual(large);
    });

    it('takes a delete, a smaller value, and then more', () => {
      writer.write('eve', DELETED);
      writer.write('ada', content('1'));
      writer.write('more', content('1'));

      expect([...writer.pending.keys()]).toEqual(['under way', 'ada', 'bob', 'eve', 'more']);
    });
  });

  describe('writes that belong together', () => {
    const together = (keys: readonly string[], value: string = '1'): Map<string, Content> =>
      new Map(keys.map((key) => [key, content(value)]));

    it('go out in one call with others, but never in two', async () => {
      for (let index = 0; index < 999; index++) writer.write(`key${index}`, content('1'));
      const waiter = new Countdown(2);
      await writer.writeMany(together(['ada', 'bob']), waiter, undefined);
      await nextTick();
      expect(lastCall().batch.sets).toHaveLength(999);

      await lastCall().succeed();
      expect(lastCall().batch.sets.map(([key]) => key)).toEqual(['ada', 'bob']);

      await lastCall().succeed();
      expect(await waiter.done).toBe(2);
    });

    it('are one call also when they are more than fit into one of single writes', async () => {
      const keys = Array.from({ length: 9999 }, (_, index) => `key${index}`);
      const waiter = new Countdown(keys.length);
      await writer.writeMany(together(keys), waiter, undefined);
      await nextTick();

      expect(lastCall().batch.sets).toHaveLength(9999);
    });

    it('go in several steps beyond 10 000, and a failure says what was applied', async () => {
      const keys = Array.from({ length: 10_001 }, (_, index) => `key${index}`);
      const waiter = new Countdown(keys.length);
      await writer.writeMany(together(keys), waiter, undefined);
      expect(waiter.hasApplied).toBe(false);
      await lastCall().succeed();
      expect(waiter.hasApplied).toBe(true);
      const reason = waiter.done.catch((error: unknown) => error);
      await lastCall().fail(new UnavailableError('full'));

      const error = (await reason) as PartialWriteError;
      expect(error).toBeInstanceOf(PartialWriteError);
      expect(error.applied).toEqual(keys.slice(0, 10_000));
      expect(error.errors.map(({ key }) => key)).toEqual(['key10000']);
      expect(error.cause).toBeInstanceOf(UnavailableError);
    });

    it('go in several steps beyond 16 MiB', async () => {
      const { writer: roomy, batches } = openSpread(1);
      const half = bytes('x'.repeat(8 * 1024 * 1024));
      const contents = new Map(['ada', 'bob', 'eve'].map((key) => [key, { bytes: half, ttlMs: undefined }]));
      await roomy.writeMany(contents, new Countdown(3), undefined);
      await roomy.settled();

      expect(batches.map(({ sets }) => sets.map(([key]) => key))).toEqual([['ada', 'bob'], ['eve']]);
    });

    it('are one step in each partition', async () => {
      const { writer: spread, batches } = openSpread(2);
      const waiter = new Countdown(4);
      await spread.writeMany(together(['a', 'bb', 'ccc', 'dddd']), waiter, undefined);
      await waiter.done;

      expect(batches.map(({ sets }) => sets.map(([key]) => key))).toEqual([
        ['a', 'ccc'],
        ['bb', 'dddd'],
      ]);
    });

    it('are not taken when they are given up before, and no more of them when they are meanwhile', async () => {
      await writer.writeMany(together(['ada', 'bob']), new Countdown(2), AbortSignal.abort());
      expect(writer.pending.size).toBe(0);

      const abort = new AbortController();
      const keys = Array.from({ length: 10_001 }, (_, index) => `key${index}`);
      const taken = writer.writeMany(together(keys), new Countdown(keys.length), abort.signal);
      abort.abort();
      await taken;
      expect(writer.pending.size).toBe(10_000);
    });

    it('fail when the writer is closed', async () => {
      writer.close(new ClosedError('users'));
      const waiter = new Countdown(2);
      const reason = waiter.done.catch((error: unknown) => error);
      await writer.writeMany(together(['ada', 'bob']), waiter, undefined);

      expect(await reason).toBeInstanceOf(ClosedError);
      expect(() => writer.write('ada', content('1'))).toThrow(ClosedError);
    });

    it('reject with the one reason when none of them was applied', async () => {
      const waiter = new Countdown(2);
      await writer.writeMany(together(['ada', 'bob']), waiter, undefined);
      const reason = waiter.done.catch((error: unknown) => error);
      await nextTick();
      await lastCall().fail(new AmbiguousWriteError('gone'));

      expect(await reason).toBeInstanceOf(AmbiguousWriteError);
    });

    it('run out of time together', async () => {
      writer.write('ada', content('0'));
      await nextTick();
      now = 300;
      writer.write('ada', content('1'));
      now = 600;
      const waiter = new Countdown(2);
      await writer.writeMany(together(['ada', 'bob'], '2'), waiter, undefined);
      writer.write('carl', content('3'));
      const reason = waiter.done.catch((error: unknown) => error);
      now = 1301;
      await lastCall().fail(new AmbiguousWriteError('gone'));

      expect(await reason).toBeInstanceOf(UnavailableError);
      expect(lastCall().batch.sets.map(([key]) => key)).toEqual(['carl']);
      expect(writer.pending.has('bob')).toBe(false);
    });

    it('are given up together, or not at all', async () => {
      writer.write('zoe', content('1'));
      await nextTick();
      const [free, shared] = [new Countdown(2), new Countdown(2)];
      await writer.writeMany(together(['ada', 'bob']), free, undefined);
      expect(writer.cancel(free)).toBe(true);
      expect([...writer.pending.keys()]).toEqual(['zoe']);

      writer.write('ada', content('1'));
      await writer.writeMany(together(['ada', 'bob']), shared, undefined);
      expect(writer.cancel(shared)).toBe(false);
      expect([...writer.pending.keys()]).toEqual(['zoe', 'ada', 'bob']);
    });
  });

  describe('a conditional write', () => {
    const ifMissing = {
      deletes: [],
      sets: [['ada', bytes('1')]],
      conditions: [{ key: 'ada', version: null }],
    } as const;

    it('is a call of its own, behind what was written before and before what is written after', async () => {
      writer.write('ada', content('0'));
      const applied = writer.apply(ifMissing);
      writer.write('ada', content('2'));
      await nextTick();
      await lastCall().succeed();
      expect(lastCall().batch).toMatchObject(ifMissing);

      await lastCall().succeed();
      await applied;
      expect(lastCall().batch.sets).toEqual([['ada', bytes('2'), undefined]]);
      expect(calls).toHaveLength(3);
    });

    it('is sent again with the same ticket when its outcome is unknown, each one with another', async () => {
      const applied = writer.apply(ifMissing);
      await nextTick();
      const [first] = calls;
      await first?.fail(new AmbiguousWriteError('gone'));
      await until('it is sent again', () => calls.length === 2);
      await lastCall().succeed({ isRepeated: true });
      expect((await applied).isRepeated).toBe(true);

      void writer.apply(ifMissing);
      await nextTick();
      const [one, again, other] = calls.map(({ batch }) => batch.ticket);
      expect(again).toEqual(one);
      expect(other).toEqual({ holder: one?.holder, number: 2 });
    });

    it('is unknown when no later try could tell, even if that was certainly not sent', async () => {
      const applied = writer.apply(ifMissing).catch((error: unknown) => error);
      await nextTick();
      await lastCall().fail(new AmbiguousWriteError('gone'));
      await until('it is sent again', () => calls.length === 2);
      now = 1000;
      await lastCall().fail(new UnavailableError('no connection'));

      expect(await applied).toBeInstanceOf(AmbiguousWriteError);
    });

    it('that was not applied for certain is not sent again', async () => {
      const applied = writer.apply(ifMissing).catch((error: unknown) => error);
      await nextTick();
      await lastCall().fail(new UnavailableError('full'));

      expect(await applied).toBeInstanceOf(UnavailableError);
      expect(calls).toHaveLength(1);
    });

    it('of keys of several partitions is refused', async () => {
      const spread = new WriteThrough({
        space: {} as Space,
        partitions: [],
        partitionOf: (key) => key.length,
        timeoutMs: 1000,
        onFailure: () => {},
      });

      await expect(spread.apply({ ...ifMissing, deletes: ['longer'] })).rejects.toThrow(KeyError);
    });
  });

  describe('to a store that is full', () => {
    const full = new UnavailableError('It is full.', { isFull: true });

    beforeEach(async () => {
      writer.write('ada', content('1'));
      writer.write('bob', DELETED);
      writer.write('eve', DELETED, { applied: () => failures.push('eve applied'), failed: () => {} });
      writer.write('eve', content('2'));
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
      writer.write('bob', content('3'));
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
