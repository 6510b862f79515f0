import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FlushError, type NearDict, openDict, type WriteBackMode, type WriteConflict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { seededRandom } from '../support/seededRandom.ts';

type Counters = NearDict<Record<string, number>>;

const KEYS = Array.from({ length: 20 }, (_, index) => `k${index}`);
/** Handles that are opened and closed; each flushes 40 times, with 10 edits before each flush. */
const HANDLES = 50;
const FLUSHES = 40;
const EDITS = 10;
const ROUNDS = 25;

describe('write-back on a real server', () => {
  let server: RedisServer;
  let other: Counters;
  beforeAll(async () => {
    server = await startRedis();
    other = await openDict<Record<string, number>>({ namespace: 'faults', store: redisStore({ url: server.url }) });
  });
  afterAll(async () => {
    await other.close();
    await server.stop();
  });

  const open = (url: string, namespace: string, mode: Partial<WriteBackMode>): Promise<Counters> =>
    openDict<Record<string, number>>({
      namespace,
      store: redisStore({ url }),
      write: { mode: 'back', flushInterval: '1h', ...mode },
      connectTimeout: '1m',
      timeout: '10s',
    });

  it('accounts for every edit through a hundred faults and fifty closes among them', async () => {
    const proxy = await startProxy(server.port);
    const random = seededRandom(1);
    const counts = { edits: 0, foreign: 0, unknown: 0, conflicts: 0 };
    for (let number = 0; number < HANDLES; number++) {
      const onConflict = (base = 0, mine = 0, theirs = 0): number => theirs + mine - base;
      const handle = await open(proxy.url, 'faults', { onConflict });
      handle.on('error', () => {});
      handle.on('conflict', () => counts.conflicts++);
      await handle.getMany(KEYS);
      /** By key, the edits of which no flush has said that they are in the store. */
      const unflushed = new Map<string, number>();
      for (let flush = 0; flush < FLUSHES; flush++) {
        for (let edit = 0; edit < EDITS; edit++) {
          const key = KEYS[Math.floor(random() * KEYS.length)] as string;
          handle.dict[key] = ((await handle.get(key)) ?? 0) + 1;
          unflushed.set(key, (unflushed.get(key) ?? 0) + 1);
          counts.edits++;
        }
        if (flush % 8 === 0) {
          await other.update(KEYS[flush % KEYS.length] as string, (n = 0) => n + 1);
          counts.foreign++;
        }
        if (flush % (FLUSHES / 2) === 1) disturb(proxy, random);
        const failed = await failedKeys(handle.flush());
        for (const key of unflushed.keys()) if (!failed.has(key)) unflushed.delete(key);
      }
      for (const key of KEYS.slice(0, 5)) {
        handle.dict[key] = ((await handle.get(key)) ?? 0) + 1;
        unflushed.set(key, (unflushed.get(key) ?? 0) + 1);
        counts.edits++;
      }
      disturb(proxy, random);
      const failed = await failedKeys(handle.close());
      for (const [key, edits] of unflushed) if (failed.has(key)) counts.unknown += edits;
    }
    await proxy.stop();

    const sum = Object.values(await other.snapshot()).reduce<number>((total, n = 0) => total + n, 0);
    const all = counts.edits + counts.foreign;
    expect(sum).toBeLessThanOrEqual(all);
    expect(sum).toBeGreaterThanOrEqual(all - counts.unknown);
    expect(counts.unknown).toBeLessThan(counts.edits / 100);
    expect(counts.conflicts).toBeGreaterThan(50);
    const { reset, finished, replyLost, cutInReply } = proxy.counts;
    expect(reset + finished + replyLost + cutInReply).toBeGreaterThanOrEqual(100);
  }, 300_000);

  it.each([
    ['remote', 'remote' as const, (_mine: number, theirs: number) => theirs],
    ['local', 'local' as const, (mine: number) => mine],
    ['merged', (_base = 0, mine = 0, theirs = 0) => mine + theirs, (mine: number, theirs: number) => mine + theirs],
  ])(
    'tells of each of 500 conflicts: %s',
    async (resolution, onConflict, expected) => {
      const namespace = `conflicts-${resolution}`;
      const told: WriteConflict[] = [];
      await using mine = await open(server.url, namespace, { onConflict });
      await using theirs = await open(server.url, namespace, {});
      mine.on('conflict', (conflict) => told.push(conflict));
      for (let round = 1; round <= ROUNDS; round++) {
        const before = await theirs.getMany(KEYS);
        await mine.getMany(KEYS);
        for (const [index, key] of KEYS.entries()) mine.dict[key] = round * 1000 + index;
        await theirs.setMany(KEYS.map((key, index) => [key, round * 1_000_000 + index]));
        await mine.flush();

        const results = KEYS.map((_, index) => expected(round * 1000 + index, round * 1_000_000 + index));
        expect(Object.values(await theirs.getMany(KEYS)).length).toBe(KEYS.length);
        for (const [index, key] of KEYS.entries()) {
          expect(await theirs.get(key, { fresh: true })).toBe(results[index]);
          expect(await mine.get(key, { fresh: true })).toBe(results[index]);
        }
        expect(told.splice(0).toSorted((a, b) => KEYS.indexOf(a.key) - KEYS.indexOf(b.key))).toEqual(
          KEYS.map((key, index) => ({
            key,
            base: before[key],
            mine: round * 1000 + index,
            theirs: round * 1_000_000 + index,
            resolution,
            result: results[index],
          })),
        );
      }
    },
    120_000,
  );
});

/** What a network does while something is flushed. */
function disturb(proxy: FaultProxy, random: () => number): void {
  const faults = [
    () => proxy.loseReply('EVALSHA'),
    () => proxy.cutInReply('data'),
    async () => proxy.reset('data'),
    async () => proxy.finish('data'),
    async () => proxy.reset('feed'),
  ];
  void faults[Math.floor(random() * faults.length)]?.();
}

/** The keys that a flush says did not reach the store, or may not have. */
async function failedKeys(flush: Promise<void>): Promise<ReadonlySet<string>> {
  try {
    await flush;
    return new Set();
  } catch (error) {
    if (error instanceof FlushError) return new Set(error.errors.map(({ key }) => key));
    throw error;
  }
}
