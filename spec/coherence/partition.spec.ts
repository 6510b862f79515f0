import { beforeEach, describe, expect, it } from '@jest/globals';
import { Entry } from '../../lib/cache/entry.ts';
import { NearCache } from '../../lib/cache/nearCache.ts';
import type { KeyChange } from '../../lib/coherence/changes.ts';
import type { Follower } from '../../lib/coherence/follower.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import type { Position } from '../../lib/store/position.ts';
import type { Change, LoggedCall, Message } from '../../lib/store/store.ts';
import { versionOf } from '../../lib/store/version.ts';

const OWN = 1;
const OTHER = 2;

/** Positions of one history: number and nonce agree. Another history has other nonces. */
function at(seq: number, history = 0): Position {
  return { seq, nonce: seq === 0 ? 0 : seq + history * 1_000_000 };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

function set(key: string, text: string): Change {
  return { type: 'set', key, bytes: bytes(text) };
}

function large(key: string): Change {
  return { type: 'set', key, bytes: undefined, version: 'a'.repeat(40) };
}

function message(
  seq: number,
  changes: readonly Change[],
  { origin = OTHER, history = 0, clear = false } = {},
): Message {
  return { previous: at(seq - 1, history), position: at(seq, history), origin, clear, changes };
}

describe('a partition', () => {
  let now: number;
  let readings: number;
  let distrusts: number;
  let repairs: (number | 'all')[];
  let log: (KeyChange | 'clear' | 'resync')[];
  /** Whether the history was followed, each time that this changed. */
  let syncs: boolean[];
  let isListening: boolean;
  /** Called with each change that is told. */
  let onChange: (change: KeyChange) => void;
  let pending: Set<string>;
  let cache: NearCache;
  let partition: Partition;

  beforeEach(() => {
    now = 1000;
    readings = 0;
    distrusts = 0;
    repairs = [];
    log = [];
    syncs = [];
    isListening = true;
    onChange = (change) => log.push(change);
    pending = new Set();
    cache = new NearCache(100, 600_000);
    partition = new Partition(
      cache,
      {
        now: () => now,
        requestReading: () => readings++,
        distrustFeed: () => distrusts++,
        repaired: (dropped) => repairs.push(dropped),
        isPending: (key) => pending.has(key),
        owns: (key) => key !== 'elsewhere',
        changes: {
          get isListening() {
            return isListening;
          },
          changed: (change) => onChange(change),
          cleared: () => log.push('clear'),
          resynced: () => log.push('resync'),
          syncChanged: () => syncs.push(partition.isSynced),
        },
      },
      { maxStalenessMs: 5000, lossPatienceMs: 2500 },
      OWN,
    );
  });

  /** A reading that leaves and arrives now, with what the change log tells if it is asked. */
  function read(position: Position, calls: readonly LoggedCall[] = [], departure = partition.depart()): void {
    if (partition.reading(position, departure)) partition.repair(calls, position, departure);
  }

  /** The feed is live and the position known. */
  function synced(position: Position = at(10)): void {
    partition.live();
    partition.reading(position, partition.depart());
    log = [];
  }

  /** A read that leaves now; the result is its arrival. */
  function sendRead(key: string): (text: string | undefined, position: Position) => void {
    partition.guard.enter(key);
    const departure = partition.depart();
    return (text, position) => {
      partition.observe(position, departure);
      partition.fill(key, new Entry(text === undefined ? undefined : bytes(text)), position, departure);
      partition.guard.leave(key);
    };
  }

  function sendWrite(key: string, text: string): (position: Position) => void {
    partition.guard.enter(key);
    const departure = partition.depart();
    return (position) => {
      partition.acknowledge(key, new Entry(bytes(text)), position, departure);
      partition.guard.leave(key);
    };
  }

  /** What a hit would return: `undefined` if there is no entry that may be served. */
  function cached(key: string): string | undefined {
    const entry = cache.find(key, partition.era);
    if (entry === undefined || entry.era.freshUntil < now) return undefined;
    return entry.bytes === undefined ? '(missing)' : Buffer.from(entry.bytes).toString();
  }

  describe('fills', () => {
    it('keeps a reply of the position that was applied', () => {
      synced();
      sendRead('ada')('7', at(10));

      expect(cached('ada')).toBe('7');
    });

    it('remembers that a key is missing', () => {
      synced();
      sendRead('ada')(undefined, at(10));

      expect(cached('ada')).toBe('(missing)');
    });

    it.each([
      ['set', () => message(11, [set('ada', 'new')])],
      ['set of a large value', () => message(11, [large('ada')])],
      ['delete', () => message(11, [{ type: 'delete', key: 'ada' }])],
      ['clear', () => message(11, [], { clear: true })],
    ])('does not keep a reply that left before a %s and arrives after its message', (_, make) => {
      synced();
      const arrive = sendRead('ada');
      partition.message(make());
      arrive('old', at(10));

      expect(cached('ada')).toBeUndefined();
      expect(partition.fillsRefused).toBe(1);
    });

    it('does not keep a reply that a foreign message overtook, whatever its position', () => {
      synced();
      const arrive = sendRead('ada');
      partition.foreign('ada', 'set');
      arrive('old', at(12));

      expect(cached('ada')).toBeUndefined();
    });

    it('does not keep a reply, or an own write, that an invalidation overtook', () => {
      synced();
      const arrive = sendRead('ada');
      const acknowledge = sendWrite('bob', '1');
      partition.invalidated('ada');
      partition.invalidated('bob');
      arrive('old', at(12));
      acknowledge(at(11));

      expect([cached('ada'), cached('bob')]).toEqual([undefined, undefined]);
    });

    it('does not keep what left before everything was invalidated', () => {
      synced();
      const arrive = sendRead('ada');
      const acknowledge = sendWrite('bob', '1');
      partition.invalidatedAll();
      read(at(10));
      arrive('old', at(10));
      acknowledge(at(11));
      sendRead('cay')('new', at(11));

      expect([cached('ada'), cached('bob'), cached('cay')]).toEqual([undefined, undefined, 'new']);
    });

    it('does not keep what left before the feed was live, however late it comes', () => {
      const arrive = sendRead('ada');
      partition.invalidatedAll();
      synced();
      arrive('old', at(10));

      expect(cached('ada')).toBeUndefined();
    });

    it('keeps a reply that is newer than the message that it met', () => {
      synced();
      const arrive = sendRead('ada');
      partition.message(message(11, [set('ada', 'older')]));
      arrive('newer', at(12));

      expect(cached('ada')).toBe('newer');
    });

    it('removes the older entry when it does not keep a newer reply', () => {
      synced();
      sendRead('ada')('old', at(10));
      partition.interrupted();
      sendRead('ada')('new', at(12));

      expect(cached('ada')).toBeUndefined();
    });

    it('does not let an older reply that comes last take the place of a newer one', () => {
      synced();
      const first = sendRead('ada');
      const second = sendRead('ada');
      second('new', at(12));
      first('old', at(10));

      expect(cached('ada')).not.toBe('old');
    });

    it('keeps a newer entry that the feed has confirmed when an older reply comes last', () => {
      synced();
      const [first, second] = [sendRead('ada'), sendRead('ada')];
      second('new', at(11));
      partition.message(message(11, []));
      first('old', at(10));

      expect(cached('ada')).toBe('new');
    });

    it.each([
      { why: 'the feed is down', position: at(10), meanwhile: () => partition.interrupted() },
      { why: 'it is of another history', position: at(11, 1), meanwhile: () => {} },
    ])('drops even a newer entry when a reply that is not kept can not be compared with it: $why', (scene) => {
      synced();
      const arrive = sendRead('ada');
      partition.message(message(11, []));
      sendRead('ada')('new', at(12));
      partition.message(message(12, []));
      scene.meanwhile();
      arrive('other', scene.position);

      expect(cached('ada')).toBeUndefined();
    });

    it('drops an entry that is older than a reply that left before everything was dropped', () => {
      synced();
      const arrive = sendRead('ada');
      partition.invalidatedAll();
      read(at(10));
      sendRead('ada')('old', at(10));
      arrive('new', at(12));

      expect(cached('ada')).toBeUndefined();
    });

    it('keeps the second of two replies of one position', () => {
      synced();
      sendRead('ada')('7', at(10));
      sendRead('ada')('7', at(10));

      expect(cached('ada')).toBe('7');
    });

    it('does not keep a reply that is older than what a walk has seen of the key', () => {
      synced();
      const arrive = sendRead('ada');
      partition.refresh('ada', new Entry(bytes('new')), at(11), partition.depart());
      arrive('old', at(10));

      expect(cached('ada')).toBeUndefined();
    });

    it('does not keep a reply that is older than an own write, though that has left the cache', () => {
      synced();
      const arrive = sendRead('ada');
      sendWrite('ada', 'mine')(at(11));
      cache.remove('ada');
      arrive('old', at(10));

      expect(cached('ada')).toBeUndefined();
    });

    it('keeps a reply of the new history while one of the old is still under way', () => {
      synced(at(17));
      sendRead('ada');
      partition.message(message(18, [set('ada', 'lost')]));
      read(at(8));
      sendRead('ada')('new', at(8));

      expect(cached('ada')).toBe('new');
    });

    it('drops an entry that the feed has not reached when a later reply is behind it: its history may be lost', () => {
      synced();
      const [first, second] = [sendRead('ada'), sendRead('ada')];
      first('lost', at(17));
      second('present', at(11, 1));

      expect(cached('ada')).toBeUndefined();
    });

    it('keeps nothing before the position is known', () => {
      partition.live();
      sendRead('ada')('7', at(10));

      expect(cached('ada')).toBeUndefined();
    });

    it('does not keep a reply of a time before the history was dropped', () => {
      synced();
      const arrive = sendRead('ada');
      partition.message(message(15, []));
      arrive('7', at(15));

      expect(cached('ada')).toBeUndefined();
    });

    it('that belong to another history leave no entry with a higher number behind', () => {
      synced();
      partition.message(message(11, []));
      sendRead('ada')('lost', at(12));
      sendRead('ada')('new', at(11, 1));

      expect(cached('ada')).toBeUndefined();
    });

    it.each([
      { what: 'read ahead of the feed', meanwhile: () => {} },
      { what: 'confirmed by it', meanwhile: () => partition.message(message(2, [])) },
    ])('of a store that was wiped leave nothing behind that was $what', ({ meanwhile }) => {
      synced(at(0));
      partition.message(message(1, []));
      const arrive = sendRead('ada');
      sendRead('ada')('7', at(2));
      meanwhile();
      arrive(undefined, at(0));

      expect(cached('ada')).toBeUndefined();
    });

    it('keeps no reply of a number that a reply of another history has claimed, and asks which is true', () => {
      synced();
      sendRead('bob')('old', at(10));
      sendRead('ada')('one', at(12));
      sendRead('bob')('other', at(12, 1));

      expect([cached('ada'), cached('bob')]).toEqual(['one', undefined]);
      expect([partition.fillsRefused, readings]).toEqual([1, 2]);
    });

    it('that are behind what was applied when they left ask for a reading, and prove nothing', () => {
      synced();
      partition.message(message(11, []));
      now += 1000;
      sendRead('ada')('old', at(10));

      expect([readings, partition.freshAsOf]).toEqual([2, 1000]);
    });

    it('does not keep a reply of another history with a number that was applied', () => {
      synced();
      partition.message(message(11, []));
      sendRead('ada')('phantom', at(11, 1));

      expect(cached('ada')).toBeUndefined();
      expect(readings).toBe(2);
    });
  });

  describe('messages', () => {
    it('replace a cached value by the one they carry', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.message(message(11, [set('ada', '8')]));

      expect(cached('ada')).toBe('8');
    });

    it('drop a cached value when the new one does not travel', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.message(message(11, [large('ada')]));

      expect(cached('ada')).toBeUndefined();
    });

    it('bring times to live, which count from the last proof', () => {
      synced();
      sendRead('ada')('7', at(10));
      now += 200;
      partition.message(message(11, [{ type: 'set', key: 'ada', bytes: bytes('8'), ttlMs: 500 }]));

      expect(cache.find('ada', partition.era)?.expiresAt).toBe(1500);
    });

    it('do not fill the cache with what nobody here has read', () => {
      synced();
      partition.message(message(11, [set('ada', '8')]));

      expect(cached('ada')).toBeUndefined();
    });

    it('leave an entry alone that is newer than they are', () => {
      synced();
      sendRead('ada')('9', at(12));
      partition.message(message(11, [set('ada', '8')]));

      expect(cached('ada')).toBe('9');
    });

    it('are ignored when they come twice', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.message(message(11, [set('ada', '8')]));
      partition.message(message(12, [set('ada', '9')]));
      partition.message(message(11, [set('ada', '8')]));

      expect(cached('ada')).toBe('9');
      expect(partition.counts.gaps).toBe(0);
    });

    it('show by a gap that one is missing, and everything cached is dropped if nobody knows which', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.message(message(12, [set('bob', '1')]));
      read(at(12));

      expect(cached('ada')).toBeUndefined();
      expect(partition.counts).toMatchObject({ gaps: 1, repairs: 1 });
      expect(repairs).toEqual(['all']);
      expect(log).toEqual(['resync']);
    });

    it.each([
      { what: 'a write was missed', position: at(11), calls: [] },
      { what: 'nothing was missed', position: at(10), calls: [] },
    ])('that can not be read are one resync, told when changes are followed again: $what', ({ position, calls }) => {
      synced();
      partition.garbled();
      const atOnce = [...log];
      read(position, calls);
      read(position, calls);

      expect([atOnce, log]).toEqual([[], ['resync']]);
    });

    it('stop when the partition is left, and entries live as long as their last proof', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.leave();
      const justLeft = cached('ada');
      sendRead('bob')('1', at(10));
      now += 5001;

      expect([justLeft, cached('ada'), cached('bob')]).toEqual(['7', undefined, undefined]);
    });

    it('are all a resync to a partition that is followed again, and nothing of before is kept', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.leave();
      partition.live();
      read(at(10));

      expect(cached('ada')).toBeUndefined();
      expect(log).toEqual(['resync']);
    });

    it('are followed again right after a gap', () => {
      synced();
      partition.message(message(12, []));
      read(at(12));
      sendRead('ada')('7', at(12));
      partition.message(message(13, [set('ada', '8')]));

      expect(cached('ada')).toBe('8');
      expect(partition.counts.gaps).toBe(1);
    });

    it('that come in a changed order are no loss', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.message(message(12, [set('bob', '1')]));
      partition.message(message(11, [set('eve', '1')]));
      read(at(12));

      expect(cached('ada')).toBe('7');
      expect(log).toMatchObject([{ key: 'eve' }, { key: 'bob' }]);
    });

    it('show by the nonce that the history has forked', () => {
      synced();
      sendRead('ada')('phantom', at(10));
      partition.message(message(11, [], { history: 1 }));

      expect(cached('ada')).toBeUndefined();
      expect(partition.isSynced).toBe(false);
      expect(readings).toBe(2);
    });

    it('show a fork also by a number that was applied already', () => {
      synced();
      partition.message(message(11, []));
      partition.message(message(11, [], { history: 1 }));

      expect(partition.isSynced).toBe(false);
    });

    it('that are older than what is remembered prove nothing, but remove their key', () => {
      synced();
      sendRead('ada')('7', at(10));
      sendRead('bob')('7', at(10));
      partition.message(message(5, [set('ada', '3')]));

      expect(cached('ada')).toBeUndefined();
      expect(cached('bob')).toBe('7');
      expect(readings).toBe(2);
    });

    it('that are older than what is remembered take everything away if they clear', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.message(message(5, [], { clear: true }));

      expect(cached('ada')).toBeUndefined();
      expect(partition.isSynced).toBe(false);
    });

    it('that clear take everything away even while the position is not known', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.interrupted();
      partition.live();
      partition.message(message(12, [], { clear: true }));

      expect(cached('ada')).toBeUndefined();
      expect(cache.count()).toBe(0);
    });

    it('show that a position which came with a reply was lost, and the position is read again', () => {
      synced();
      sendRead('ada')('lost', at(12));
      partition.message(message(11, []));
      expect(readings).toBe(1);

      partition.message({ ...message(12, [], { history: 1 }), previous: at(11) });
      expect(readings).toBe(2);
    });

    it('that can not be read count as a gap', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.garbled();

      expect(cached('ada')).toBeUndefined();
      expect(partition.counts.gaps).toBe(1);
    });

    it.each([
      ['of a write', () => partition.message(message(11, [set('elsewhere', '8')]))],
      ['of a program without this library', () => partition.foreign('elsewhere', 'set')],
    ])('that name a key of another partition can not be read: %s', (_, hear) => {
      const applied: string[] = [];
      const follower = { missed() {}, doubted: (key: string) => applied.push(key), proven() {}, synced() {} };
      partition.followers.add({ ...follower, acknowledged() {}, applied: () => applied.push('message') });
      synced();
      sendRead('ada')('7', at(10));
      hear();

      expect(cached('ada')).toBeUndefined();
      expect(partition.counts.gaps).toBe(1);
      expect([applied, log]).toEqual([[], []]);
    });

    it('take everything away when the dictionary is cleared', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.message(message(11, [], { clear: true }));

      expect(cached('ada')).toBeUndefined();
      expect(log).toEqual(['clear']);
      sendRead('bob')('1', at(11));
      expect(cached('bob')).toBe('1');
    });

    it('of programs without this library drop their key', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.foreign('ada', 'set');

      expect(cached('ada')).toBeUndefined();
      expect(log).toEqual([{ type: 'set', key: 'ada', version: undefined, isLocal: false }]);
    });

    it('of the store drop their key without another change, or everything with a resync', () => {
      synced();
      sendRead('ada')('7', at(10));
      sendRead('bob')('8', at(10));
      partition.invalidated('ada');
      expect([cached('ada'), cached('bob')]).toEqual([undefined, '8']);
      expect(log).toEqual([]);

      partition.invalidatedAll();
      expect(cached('bob')).toBeUndefined();
      expect(log).toEqual([]);
      read(at(10));
      expect(log).toEqual(['resync']);
      expect(partition.counts.repairs).toBe(1);
    });
  });

  it('keeps the bytes of messages and own writes without the buffers that they were cut from', () => {
    const page = Buffer.alloc(100_000, 'page');
    const cut: Change = { type: 'set', key: 'ada', bytes: page.subarray(8, 12) };
    synced();
    sendRead('ada')('old', at(10));

    partition.message(message(11, [cut]));
    const departure = partition.depart();
    partition.acknowledge('bob', new Entry(page.subarray(8, 12)), at(12), departure);

    for (const key of ['ada', 'bob']) {
      expect(cached(key)).toBe('page');
      expect(cache.find(key, partition.era)?.bytes?.buffer.byteLength).toBe(4);
    }
  });

  describe('own writes', () => {
    it('are kept when the acknowledgement comes before the message', () => {
      synced();
      sendWrite('ada', 'mine')(at(11));
      expect(cached('ada')).toBe('mine');

      partition.message(message(11, [set('ada', 'mine')], { origin: OWN }));
      expect(cached('ada')).toBe('mine');
    });

    it.each([
      { was: 'cached', prepare: () => sendRead('ada')('old', at(10)) },
      { was: 'not cached', prepare: () => {} },
    ])('are kept when the message comes before the acknowledgement, and the key was $was', ({ prepare }) => {
      synced();
      prepare();
      const acknowledge = sendWrite('ada', 'mine');
      partition.message(message(11, [set('ada', 'mine')], { origin: OWN }));
      acknowledge(at(11));

      expect(cached('ada')).toBe('mine');
    });

    it('of large values are kept by the acknowledgement that follows their message', () => {
      synced();
      const acknowledge = sendWrite('ada', 'mine');
      partition.message(message(11, [large('ada')], { origin: OWN }));
      acknowledge(at(11));

      expect(cached('ada')).toBe('mine');
    });

    it('of large values are kept when their message follows the acknowledgement', () => {
      synced();
      sendWrite('ada', 'mine')(at(11));
      partition.message(message(11, [large('ada')], { origin: OWN }));

      expect(cached('ada')).toBe('mine');
    });

    it('of another history with a number that was applied are not kept, and nor is the older entry', () => {
      synced();
      sendRead('ada')('old', at(10));
      const acknowledge = sendWrite('ada', 'mine');
      partition.message(message(11, []));
      acknowledge(at(11, 1));

      expect(cached('ada')).toBeUndefined();
    });

    it('drop an entry that the feed has not reached if their message came first: its history may be lost', () => {
      synced();
      const acknowledge = sendWrite('ada', 'mine');
      partition.message(message(11, [set('ada', 'mine')], { origin: OWN }));
      sendRead('ada')('lost', at(15));
      acknowledge(at(11));

      expect(cached('ada')).toBeUndefined();
    });

    it('never cover a newer write of another process: remote last, in every order', () => {
      const mine = message(11, [set('ada', 'mine')], { origin: OWN });
      const theirs = message(12, [set('ada', 'theirs')]);
      for (const ackAfter of [0, 1, 2]) {
        synced(at(10));
        const acknowledge = sendWrite('ada', 'mine');
        for (const [index, next] of [mine, theirs].entries()) {
          if (index === ackAfter) acknowledge(at(11));
          partition.message(next);
        }
        if (ackAfter === 2) acknowledge(at(11));

        expect([undefined, 'theirs']).toContain(cached('ada'));
        partition.interrupted();
        partition.live();
        partition.reading(at(20), partition.depart());
      }
    });

    it('cover an older write of another process: remote first, in every order', () => {
      const theirs = message(11, [set('ada', 'theirs')]);
      const mine = message(12, [set('ada', 'mine')], { origin: OWN });
      for (const ackAfter of [0, 1, 2]) {
        synced(at(10));
        const acknowledge = sendWrite('ada', 'mine');
        for (const [index, next] of [theirs, mine].entries()) {
          if (index === ackAfter) acknowledge(at(12));
          partition.message(next);
        }
        if (ackAfter === 2) acknowledge(at(12));

        expect(cached('ada')).toBe('mine');
        partition.interrupted();
        partition.live();
        partition.reading(at(20), partition.depart());
      }
    });

    it('that are acknowledged while the feed is down leave no older entry behind', () => {
      synced();
      sendRead('ada')('old', at(10));
      const acknowledge = sendWrite('ada', 'mine');
      partition.interrupted();
      acknowledge(at(11));

      expect(cached('ada')).toBeUndefined();
    });

    it('with an unknown outcome take the entry away, and what is in flight is not kept', () => {
      synced();
      sendRead('ada')('old', at(10));
      const arrive = sendRead('ada');
      partition.acknowledgeUnknown('ada');
      arrive('old', at(10));

      expect(cached('ada')).toBeUndefined();
    });

    it('are not brought back by their message when a newer value was read and has left the cache', () => {
      synced();
      sendWrite('ada', 'mine')(at(11));
      sendRead('ada')('theirs', at(12));
      cache.remove('ada');
      partition.message(message(11, [set('ada', 'mine')], { origin: OWN }));

      expect(cached('ada')).toBeUndefined();
    });

    it('drop an entry with a higher number, which must be of a lost history, and ask for a reading', () => {
      synced();
      sendRead('ada')('lost', at(15));
      sendWrite('ada', 'mine')(at(12, 1));

      expect([cached('ada'), readings]).toEqual([undefined, 2]);
    });

    it('that clear everything take away also what the message has not reached', () => {
      synced();
      sendRead('ada')('old', at(10));
      partition.acknowledgeClear(at(12));

      expect(cached('ada')).toBeUndefined();
    });

    it('that clear everything leave what was read since, if their message came first', () => {
      synced();
      partition.message(message(11, [], { clear: true, origin: OWN }));
      sendRead('bob')('new', at(11));
      partition.acknowledgeClear(at(11));

      expect(cached('bob')).toBe('new');
    });

    it('that clear everything while the feed is down leave nothing', () => {
      synced();
      sendRead('ada')('old', at(10));
      partition.interrupted();
      partition.acknowledgeClear(at(10));

      expect(cached('ada')).toBeUndefined();
    });

    it('are dropped when the feed shows that their history was lost', () => {
      synced();
      sendWrite('ada', 'lost')(at(11));
      partition.message({ ...message(11, [set('bob', '1')], { history: 1 }), previous: at(10) });

      expect(cached('ada')).toBeUndefined();
      expect(partition.isSynced).toBe(true);
    });

    it('are dropped when a later reading shows that the store does not have them', () => {
      synced();
      sendWrite('ada', 'lost')(at(11));
      now += 10;
      partition.reading(at(10), partition.depart());

      expect(cached('ada')).toBeUndefined();
    });
  });

  describe('freshness', () => {
    it('lapses without a proof, though the entries stay', () => {
      synced();
      sendRead('ada')('7', at(10));
      now += 5001;
      expect(cached('ada')).toBeUndefined();

      partition.reading(at(10), partition.depart());
      expect(cached('ada')).toBe('7');
    });

    it('counts from the moment at which the reading was sent', () => {
      synced();
      const departure = partition.depart();
      now += 3000;
      partition.reading(at(10), departure);

      expect(partition.freshAsOf).toBe(1000);
    });

    it('is proven by any read of the store', () => {
      synced();
      now += 3000;
      sendRead('ada')('7', at(10));

      expect(partition.freshAsOf).toBe(4000);
    });

    it('waits for the feed when the store is ahead, and then counts from the reading', () => {
      synced();
      sendRead('ada')('7', at(10));
      now += 100;
      partition.reading(at(12), partition.depart());
      expect(partition.freshAsOf).toBe(1000);

      now += 1500;
      partition.message(message(11, []));
      partition.message(message(12, []));
      expect(partition.freshAsOf).toBe(1100);
      expect(cached('ada')).toBe('7');
    });

    it('counts from a read whose position the feed has reached meanwhile', () => {
      synced();
      now += 100;
      sendRead('ada')('7', at(11));
      now += 100;
      partition.message(message(11, []));

      expect(partition.freshAsOf).toBe(1100);
    });

    it('does not go back with a reply that was overtaken', () => {
      synced();
      const arrive = sendRead('ada');
      now += 100;
      read(at(10));
      arrive('7', at(10));

      expect(partition.freshAsOf).toBe(1100);
    });

    it('is not proven by what left before the feed was interrupted', () => {
      synced();
      now += 100;
      const arrive = sendRead('ada');
      partition.interrupted();
      partition.live();
      arrive('7', at(10));

      expect(partition.freshAsOf).toBe(1000);
    });

    it('survives a feed that is late but intact', () => {
      synced();
      sendRead('ada')('7', at(10));
      for (let second = 1; second <= 60; second++) {
        now += 1000;
        partition.reading(at(10 + second + 2), partition.depart());
        partition.message(message(10 + second, []));
      }

      expect(partition.counts).toMatchObject({ gaps: 0, repairs: 0 });
      expect(cached('ada')).toBe('7');
    });

    it('is given up when the store is ahead and the feed stays silent', () => {
      synced();
      sendRead('ada')('old', at(10));
      for (let second = 0; second < 4; second++) {
        read(at(11));
        now += 1000;
      }
      read(at(11));

      expect(cached('ada')).toBeUndefined();
      expect([distrusts, readings]).toEqual([1, 2]);
      expect(partition.counts).toMatchObject({ gaps: 1, repairs: 1 });
    });
  });

  describe('a reading', () => {
    it('behind what was applied drops everything: the store was rolled back', () => {
      synced();
      sendRead('ada')('lost', at(10));
      partition.reading(at(8), partition.depart());

      expect(cached('ada')).toBeUndefined();
      expect(log).toEqual(['resync']);
    });

    it('that was sent before messages that it does not know of proves what it knows', () => {
      synced();
      const departure = partition.depart();
      partition.message(message(11, []));
      partition.reading(at(10), departure);

      expect(partition.counts.repairs).toBe(0);
    });

    it('of a position that was deleted drops everything', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.reading(at(0), partition.depart());

      expect(cached('ada')).toBeUndefined();
      partition.message(message(1, []));
      expect(partition.isSynced).toBe(true);
    });

    it('with another nonce for an applied number drops everything', () => {
      synced();
      sendRead('ada')('lost', at(10));
      partition.reading(at(10, 1), partition.depart());

      expect(cached('ada')).toBeUndefined();
    });
  });

  describe('a feed that was interrupted', () => {
    it('keeps the warm cache when nothing was missed', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.interrupted();
      partition.live();
      partition.reading(at(10), partition.depart());

      expect(cached('ada')).toBe('7');
      expect(log).toEqual([]);
    });

    it('is followed again only by a reading that comes when it is live', () => {
      synced();
      partition.interrupted();
      read(at(10));
      expect(partition.isSynced).toBe(false);

      partition.live();
      read(at(10));
      expect(partition.isSynced).toBe(true);
    });

    it('does not take the origin for the one that it knew: the position may have been deleted', () => {
      synced(at(0));
      sendRead('ada')(undefined, at(0));
      partition.interrupted();
      partition.live();
      partition.message(message(1, [set('eve', '7')]));
      partition.reading(at(1), partition.depart());

      expect(cached('ada')).toBeUndefined();
      expect(log).toContain('resync');
    });

    it('keeps the warm cache when what came before the reading continues what was applied', () => {
      synced();
      sendRead('ada')('7', at(10));
      sendRead('bob')('1', at(10));
      partition.interrupted();
      partition.live();
      partition.message(message(11, [set('bob', '2')]));
      partition.reading(at(11), partition.depart());

      expect(cached('ada')).toBe('7');
      expect(cached('bob')).toBeUndefined();
      partition.message(message(12, [set('ada', '8')]));
      expect(cached('ada')).toBe('8');
    });

    it('drops everything when something was missed, and follows what came meanwhile', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.interrupted();
      partition.live();
      const departure = partition.depart();
      partition.message(message(14, [set('bob', '2')]));
      read(at(13), [], departure);

      expect(cached('ada')).toBeUndefined();
      partition.message(message(15, []));
      expect(partition.counts.gaps).toBe(0);
      expect(partition.isSynced).toBe(true);
    });

    describe('and missed something that the change log knows', () => {
      const missed: readonly LoggedCall[] = [
        { position: at(13), keys: ['eve'] },
        { position: at(12), keys: ['bob'] },
        { position: at(11), keys: ['bob', 'cy'] },
        { position: at(10), keys: ['ada'] },
      ];

      beforeEach(() => {
        synced();
        sendRead('ada')('7', at(10));
        sendRead('bob')('7', at(10));
        partition.interrupted();
        partition.live();
      });

      it('drops the keys that were missed, and no others', () => {
        read(at(12), missed);

        expect(cached('ada')).toBe('7');
        expect(cached('bob')).toBeUndefined();
        expect(partition.counts).toMatchObject({ gaps: 0, repairs: 1 });
        expect([log, repairs]).toEqual([['resync'], [2]]);
      });

      it('follows what came while the log was read, and keeps it', () => {
        const departure = partition.depart();
        expect(partition.reading(at(12), departure)).toBe(true);
        partition.message(message(13, [set('eve', '1')]));
        partition.repair(missed, at(12), departure);
        partition.message(message(14, [set('ada', '8')]));

        expect(cached('ada')).toBe('8');
        expect(partition.counts.gaps).toBe(0);
      });

      it('goes on serving what is proven fresh while the log is read, and keeps nothing new', () => {
        expect(partition.reading(at(12), partition.depart())).toBe(true);
        sendRead('cy')('1', at(12));

        expect(cached('ada')).toBe('7');
        expect(cached('cy')).toBeUndefined();
        expect(partition.isSynced).toBe(false);
      });

      it('does not keep a reply that was sent before and is older than what was missed', () => {
        const arrive = sendRead('bob');
        read(at(12), missed);
        arrive('7', at(10));

        expect(cached('bob')).toBeUndefined();
      });

      it('drops what was read ahead of the feed: the log may tell of another history', () => {
        read(at(10));
        sendRead('cy')('9', at(11));
        partition.interrupted();
        partition.live();
        read(at(12), missed);

        expect(cached('cy')).toBeUndefined();
        expect(cached('ada')).toBe('7');
      });

      it('takes no repair for a feed that was interrupted again', () => {
        const departure = partition.depart();
        partition.reading(at(12), departure);
        partition.interrupted();
        partition.repair(missed, at(12), departure);

        expect(partition.isSynced).toBe(false);
      });
    });

    it('does not trust a reading that was sent before it was live again', () => {
      synced();
      partition.interrupted();
      const departure = partition.depart();
      partition.live();
      partition.reading(at(10), departure);

      expect(partition.isSynced).toBe(false);
    });

    it('does not revive what a failover lost, when the store comes back behind', () => {
      synced(at(8));
      sendRead('ada')('old', at(8));
      partition.message(message(9, [set('ada', 'lost')]));
      partition.interrupted();
      now += 6000;
      partition.live();
      partition.reading(at(8), partition.depart());

      expect(cached('ada')).toBeUndefined();
    });

    it('does not revive an own write that a failover lost', () => {
      synced(at(8));
      sendWrite('ada', 'lost')(at(9));
      partition.interrupted();
      now += 6000;
      partition.live();
      partition.reading(at(8), partition.depart());

      expect(cached('ada')).toBeUndefined();
    });

    it('serves entries while they are proven fresh, and keeps nothing new', () => {
      synced();
      sendRead('ada')('7', at(10));
      partition.interrupted();
      sendRead('bob')('1', at(10));

      expect(cached('ada')).toBe('7');
      expect(cached('bob')).toBeUndefined();
    });
  });

  describe('listeners', () => {
    it('do not hear of a change that readers are already beyond, but of the one they see', () => {
      synced();
      sendRead('ada')('9', at(12));
      partition.message(message(11, [set('ada', '8')]));
      expect(log).toEqual([]);

      partition.message(message(12, [set('ada', '9')]));
      expect(log).toMatchObject([{ type: 'set', key: 'ada' }]);
    });

    it('hear of the last change before a reply that was ahead of the feed', () => {
      synced();
      sendRead('ada')('8', at(12));
      partition.message(message(11, [set('ada', '8')]));
      partition.message(message(12, [set('bob', '1')]));

      expect(log).toMatchObject([{ key: 'bob' }, { key: 'ada' }]);
    });

    it('hear what was changed and whose change it was', () => {
      synced();
      const changes: Change[] = [set('ada', '8'), large('bob'), { type: 'delete', key: 'cy' }];
      partition.message(message(11, changes, { origin: OWN }));
      partition.message(message(12, [set('ada', '9')]));

      expect(log).toEqual([
        { type: 'set', key: 'ada', version: versionOf(bytes('8')), isLocal: true },
        { type: 'set', key: 'bob', version: 'a'.repeat(40), isLocal: true },
        { type: 'delete', key: 'cy', version: null, isLocal: true },
        { type: 'set', key: 'ada', version: versionOf(bytes('9')), isLocal: false },
      ]);
    });

    it('hear of the last change before a reply, once a reading shows that the reply was of a lost history', () => {
      synced();
      sendRead('ada')('lost', at(12));
      partition.message(message(11, [set('ada', '8')]));
      now += 10;
      read(at(11));

      expect(log).toMatchObject([{ key: 'ada', version: versionOf(bytes('8')) }]);
    });

    it('hear at once of changes after everything was dropped, whatever was read ahead of the feed before', () => {
      synced();
      sendRead('ada')('lost', at(15));
      partition.invalidatedAll();
      read(at(10));
      log = [];
      partition.message(message(11, [set('ada', '8')]));

      expect(log).toMatchObject([{ key: 'ada' }]);
    });

    it('hear once of a change that both a write of this process and a reply have hidden, when neither does', () => {
      synced();
      pending.add('ada');
      sendRead('ada')('9', at(12));
      partition.message(message(11, [set('ada', '8')]));
      pending.delete('ada');
      partition.uncover('ada');
      expect(log).toEqual([]);

      partition.message(message(12, []));
      partition.uncover('ada');
      expect(log).toMatchObject([{ key: 'ada' }]);
      expect(log).toHaveLength(1);
    });

    it('do not hear of a change that was held back before everything was dropped', () => {
      synced();
      pending.add('ada');
      partition.message(message(11, [set('ada', '8')]));
      partition.invalidatedAll();
      read(at(11));
      pending.delete('ada');
      partition.uncover('ada');

      expect(log).toEqual(['resync']);
    });

    it('find all that a message has changed as soon as they hear of any of it', () => {
      const found: (string | undefined)[] = [];
      synced();
      sendRead('bob')('7', at(10));
      onChange = () => found.push(cached('bob'));
      partition.message(message(11, [set('ada', '8'), set('bob', '8')]));

      expect(found).toEqual(['8', '8']);
    });

    it('that come later do not hear of what was held back before', () => {
      synced();
      isListening = false;
      pending.add('ada');
      partition.message(message(11, [set('ada', '8')]));
      isListening = true;
      pending.delete('ada');
      partition.uncover('ada');

      expect(log).toEqual([]);
    });

    it('hear when the history is followed no more, and when it is again', () => {
      synced();
      partition.interrupted();
      partition.interrupted();
      partition.live();
      expect(syncs).toEqual([true, false]);

      read(at(10));
      expect(syncs).toEqual([true, false, true]);
    });

    it('do not hear of older changes while a write of this process hides them', () => {
      synced();
      pending.add('ada');
      partition.message(message(11, [set('ada', 'theirs')]));
      expect(log).toEqual([]);

      pending.delete('ada');
      partition.uncover('ada');
      expect(log).toMatchObject([{ type: 'set', key: 'ada' }]);
    });
  });

  it('tells followers what it hears, and nothing more once they are removed', () => {
    const heard: unknown[] = [];
    const follower: Follower = {
      applied: ({ position }) => heard.push(['applied', position.seq]),
      missed: (position, keys) => heard.push(['missed', position.seq, keys && [...keys]]),
      doubted: (key) => heard.push(['doubted', key]),
      proven: (asOf) => heard.push(['proven', asOf]),
      synced: () => heard.push(['synced']),
      acknowledged: (key, _entry, position) => heard.push(['acknowledged', key, position.seq]),
    };
    partition.followers.add(follower);
    synced();
    partition.message(message(11, []));
    partition.message(message(5, [set('ada', 'late')]));
    sendWrite('bob', 'mine')(at(12));
    partition.invalidatedAll();
    partition.followers.remove(follower);
    read(at(12));

    expect(heard).toEqual([
      ['missed', 10, undefined],
      ['proven', 1000],
      ['synced'],
      ['applied', 11],
      ['doubted', 'ada'],
      ['acknowledged', 'bob', 12],
      ['missed', 11, undefined],
    ]);
  });

  it('counts the reads that were served, and goes on counting when everything is dropped', () => {
    synced();
    partition.era.hits += 2;
    partition.message(message(11, [], { clear: true }));
    partition.era.hits++;

    expect(partition.hits).toBe(3);
  });

  it('does not mistake a burst for a fork while a reading is on its way', () => {
    synced();
    sendRead('ada')('7', at(10));
    const departure = partition.depart();
    for (let seq = 11; seq <= 5010; seq++) partition.message(message(seq, []));
    partition.reading(at(10), departure);

    expect(partition.counts).toMatchObject({ gaps: 0, repairs: 0 });
    expect(cached('ada')).toBe('7');
    expect(readings).toBe(2);
  });
});
