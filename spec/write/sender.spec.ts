import { beforeEach, describe, expect, it } from '@jest/globals';
import { Entry } from '../../lib/cache/entry.ts';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import { AmbiguousWriteError, UnavailableError } from '../../lib/errors.ts';
import { ORIGIN } from '../../lib/store/position.ts';
import type { Batch, Receipt, Space } from '../../lib/store/store.ts';
import { Sender } from '../../lib/write/sender.ts';
import { gate } from '../support/wrapStore.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const receipt: Receipt = { position: { seq: 1, nonce: 1 }, existed: [] };
const batch: Batch = { deletes: ['gone'], sets: [['ada', bytes('new'), undefined]], clear: false };
const conditions = [{ key: 'compared', version: null }];
const soon = (): number => performance.now() + 20_000;

describe('a sender', () => {
  let cache: NearCache;
  let partition: Partition;
  let write: Space['write'];
  let sender: Sender;

  beforeEach(() => {
    cache = new NearCache(10, 1000);
    const host = {
      now: () => performance.now(),
      requestReading: () => {},
      distrustFeed: () => {},
      repaired: () => {},
      isPending: () => false,
      owns: () => true,
      changes: { isListening: false, changed() {}, cleared() {}, resynced() {}, syncChanged() {} },
    };
    partition = new Partition(cache, host, { maxStalenessMs: 5000, lossPatienceMs: 2500 }, 1);
    partition.live();
    partition.reading(ORIGIN, partition.depart());
    write = async () => receipt;
    const space = { write: (...args: Parameters<Space['write']>) => write(...args) } as unknown as Space;
    sender = new Sender(space, 0, partition);
    for (const key of ['ada', 'gone', 'compared']) fill(key, 'old');
  });

  function fill(key: string, text: string): void {
    partition.fill(key, new Entry(bytes(text)), ORIGIN, partition.depart());
  }

  /** What is cached; `undefined`: nothing. A key that is known to be missing is `null`. */
  function cached(...keys: readonly string[]): (string | null | undefined)[] {
    return keys.map((key) => {
      const entry = cache.find(key, partition.era);
      return entry && (entry.bytes === undefined ? null : Buffer.from(entry.bytes).toString());
    });
  }

  it('takes into the cache what it has written', async () => {
    await sender.send(batch, soon());

    expect(cached('ada', 'gone', 'compared')).toEqual(['new', null, 'old']);
    expect(sender.bytesOut).toBe(3);
  });

  it('tells who keeps a copy of what it has left under each key, also of one that is deleted first and then set', async () => {
    const told: unknown[] = [];
    const deaf = { applied() {}, missed() {}, doubted() {}, proven() {}, synced() {} };
    partition.followers.add({ ...deaf, acknowledged: (key, entry) => told.push([key, entry.bytes]) });
    await sender.send({ ...batch, deletes: ['gone', 'ada'] }, soon());

    expect(told).toEqual([
      ['gone', undefined],
      ['ada', bytes('new')],
    ]);
  });

  it('keeps what it writes or compares from being overtaken, as long as it is under way', async () => {
    const hold = gate();
    write = async () => {
      await hold.pass();
      return receipt;
    };
    const sent = sender.send({ ...batch, conditions }, soon());
    await hold.reached;
    const inFlight = (): unknown[] => ['ada', 'gone', 'compared'].map((key) => partition.guard.flightOf(key)?.count);
    expect(inFlight()).toEqual([1, 1, 1]);

    for (const key of ['ada', 'gone']) partition.invalidated(key);
    hold.open();
    await sent;
    expect(cached('ada', 'gone')).toEqual([undefined, undefined]);
    expect(inFlight()).toEqual([undefined, undefined, undefined]);
  });

  it('takes what it has found in the way of a conditional write', async () => {
    write = async () => ({
      ...receipt,
      conflicts: [{ key: 'compared', bytes: bytes('theirs'), ttlMs: undefined }],
    });
    await sender.send({ ...batch, conditions }, soon());

    expect(cached('ada', 'gone', 'compared')).toEqual(['old', 'old', 'theirs']);
    expect(sender.bytesOut).toBe(0);
  });

  it('does not take a write for the newest that was recognised when it was sent again', async () => {
    write = async () => ({ ...receipt, isRepeated: true });
    await sender.send(batch, soon());

    expect(cached('ada', 'gone')).toEqual([undefined, undefined]);
  });

  it('drops what may have been changed when nobody knows, and keeps it when nothing was', async () => {
    write = async () => {
      throw new UnavailableError('full');
    };
    await expect(sender.send(batch, soon())).rejects.toThrow(UnavailableError);
    expect(cached('ada', 'gone')).toEqual(['old', 'old']);

    write = async () => {
      throw new TypeError('broken');
    };
    await expect(sender.send(batch, soon())).rejects.toThrow(AmbiguousWriteError);
    expect(cached('ada', 'gone', 'compared')).toEqual([undefined, undefined, 'old']);
  });

  it('cares no more for how things end once it is closed', async () => {
    sender.close();
    await sender.send(batch, soon());
    expect(cached('ada', 'gone')).toEqual(['old', 'old']);

    let tries = 0;
    write = async () => {
      tries++;
      throw new AmbiguousWriteError('gone');
    };
    const sent = sender.send({ ...batch, conditions, ticket: { holder: 1, number: 1 } }, soon());
    await expect(sent).rejects.toThrow(AmbiguousWriteError);
    expect(tries).toBe(1);
    expect(cached('ada', 'gone')).toEqual(['old', 'old']);
  });
});
