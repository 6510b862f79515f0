import { jest } from '@jest/globals';
import { NearCache } from '../../lib/cache/nearCache.ts';
import { Partition } from '../../lib/coherence/partition.ts';
import { LoadedRows } from '../../lib/coherence/loaded.ts';
import { Replica } from '../../lib/coherence/replica.ts';
import type { CopyChanges } from '../../lib/coherence/copyChange.ts';
import type { Batch, Block } from '../../lib/store/store.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { SimulatedServer, SimulatedSpace } from '../support/simulatedStore.ts';

// A copy made of the real classes, a simulated server with other writers, a seeded schedule of single steps. Whatever the
// copy shows must be what the server held at some moment, moments never go backwards, and in the end both are equal.
// SEED=<number> replays one schedule with its trace, SCHEDULES=<number> sets how many are run.

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const STALENESS_MS = 100;
const PATIENCE_MS = 50;
const TIMEOUT_MS = 80;

interface Profile {
  readonly steps: number;
  /** Weights of the steps. */
  readonly write: number;
  readonly deliver: number;
  readonly wait: number;
  readonly cutFeed: number;
  readonly spoil: number;
  readonly mute: number;
  readonly cut: number;
  readonly half: number;
  readonly failover: number;
  readonly clear: number;
  readonly recheck: number;
  /** Writes that are announced without a position. With them, what is shown belongs to no single moment. */
  readonly foreign: number;
}

type Contents = ReadonlyMap<string, number>;

class Violation extends Error {}

class Model {
  now = 1000;
  readonly trace: string[] = [];
  readonly copy: Map<string, number> = new Map<string, number>();
  commits = 0;
  loads = 0;
  readonly #seed: number;
  readonly #isTracing: boolean;
  readonly #random: () => number;
  readonly #profile: Profile;
  readonly #server: SimulatedServer;
  readonly #space: SimulatedSpace;
  readonly #writer: SimulatedSpace;
  readonly #partition: Partition;
  readonly #replica: Replica;
  /** Everything that the server has held, oldest first. */
  readonly #moments: Contents[] = [new Map()];
  /** The moment that was shown last. */
  #shown = 0;
  #value = 0;
  #isReadingWanted = false;
  #isReading = false;
  #isLoading = false;
  #violation: Violation | undefined;

  constructor(seed: number, isTracing: boolean) {
    this.#seed = seed;
    this.#isTracing = isTracing;
    this.#random = seededRandom(seed);
    this.#profile = this.#pickProfile();
    this.#server = new SimulatedServer(
      {
        applied: () => {
          this.#remember();
        },
        rolledBack: () => {
          // What was lost may be shown until the failover is noticed.
          this.#remember();
          this.#shown = 0;
        },
      },
      (bytes) => bytes[0]! % 3 !== 0,
    );
    this.#space = new SimulatedSpace(this.#server, 1);
    this.#writer = new SimulatedSpace(this.#server, 2);
    this.#partition = this.#openPartition();
    this.#replica = new Replica(this.#space, 0, this.#partition, TIMEOUT_MS, {
      now: () => this.now,
      keys: () => this.copy.keys(),
      decode: (_key, bytes) => bytes[0]! + 256 * bytes[1]!,
      draft: () => new LoadedRows(),
      commit: (changes, isWhole) => {
        this.#commit(changes, isWhole);
      },
      settled: () => {},
      acknowledged: () => {},
      lost: () => {},
    });
    this.#partition.followers.add(this.#replica);
    void this.#space.follow(0, this.#partition);
  }

  async run(): Promise<void> {
    for (let step = 0; step < this.#profile.steps; step++) {
      this.#act();
      await this.#endTurn();
    }
    await this.#recover();
  }

  #openPartition(): Partition {
    const quiet = { isListening: false, changed() {}, cleared() {}, resynced() {}, syncChanged() {} };
    return new Partition(
      new NearCache(false, 1000),
      {
        now: () => this.now,
        requestReading: () => {
          this.#isReadingWanted = true;
        },
        repaired: () => {},
        distrustFeed: () => {
          this.#space.distrust();
        },
        isPending: () => false,
        owns: () => true,
        changes: quiet,
      },
      { maxStalenessMs: STALENESS_MS, lossPatienceMs: PATIENCE_MS },
      1,
    );
  }

  // Checks

  #remember(): void {
    const contents = new Map([...this.#server.entries].map(([key, bytes]) => [key, bytes[0]! + 256 * bytes[1]!]));
    this.#moments.push(contents);
  }

  #commit(changes: CopyChanges, isWhole: boolean): void {
    this.commits++;
    if (isWhole) this.copy.clear();
    for (const [key, { content }] of changes) {
      if (content === undefined) this.copy.delete(key);
      else this.copy.set(key, content as number);
    }
    this.#note(`  shows ${show(this.copy)}${isWhole ? ' (whole)' : ''}`);
    if (this.#profile.foreign > 0) return;
    const moment = this.#moments.findIndex((each, index) => index >= this.#shown && isEqual(each, this.copy));
    if (moment === -1) this.#violate(`the server never held ${show(this.copy)} after moment ${this.#shown}`);
    else this.#shown = moment;
  }

  // Steps

  #act(): void {
    const { write, deliver, wait, cutFeed, spoil, mute, cut, half, failover, clear, recheck, foreign } = this.#profile;
    const space = this.#space;
    const steps: [weight: number, name: string, act: () => void][] = [
      [write, 'write', () => this.#write()],
      [clear, 'clear', () => this.#clear()],
      [half, 'half', () => this.#write(this.#pick(['position', 'data', 'log'] as const))],
      [foreign, 'foreign', () => this.#writeForeign()],
      [this.#replica.isLost && !this.#isLoading ? 3 : 0, 'load', () => void this.#load()],
      [recheck, 'recheck', () => this.#replica.recheck(this.#some(KEYS))],
      [space.canExecute ? 8 : 0, 'execute', () => space.execute()],
      [space.canReply ? 8 : 0, 'reply', () => space.reply()],
      [space.canDeliver ? deliver : 0, 'deliver', () => space.deliver()],
      [this.#isReadingWanted ? 3 : 0.5, 'reading', () => this.#startReading()],
      [wait, 'wait', () => this.#wait(12 * this.#random())],
      [space.feedState === 'down' ? 2 : 0, 'restore feed', () => space.restoreFeed()],
      [space.isConnected ? 0 : 3, 'connect', () => space.connect()],
      [cutFeed, 'cut feed', () => space.cutFeed()],
      [spoil, 'spoil', () => space.spoil(this.#pick(['lose', 'lose', 'repeat', 'garble'] as const))],
      [mute, 'mute', () => space.mute()],
      [cut, 'cut', () => space.cut(() => 1)],
      [failover, 'failover', () => this.#failOver()],
    ];
    let left = this.#random() * steps.reduce((sum, [weight]) => sum + weight, 0);
    const step = steps.find(([weight]) => (left -= weight) < 0) ?? steps[0]!;
    this.#note(step[1]);
    step[2]();
  }

  #write(half?: 'position' | 'data' | 'log'): void {
    const deletes = this.#random() < 0.3 ? this.#some(KEYS) : [];
    const sets = this.#some(KEYS).map((key) => [key, this.#nextValue()] as const);
    if (deletes.length + sets.length > 0) this.#apply({ deletes, sets, clear: false }, half);
  }

  /** What others wrote meanwhile survives a clear. */
  #clear(): void {
    this.#apply({ deletes: this.#some([...this.#server.entries.keys()], 0.8), sets: [], clear: true });
  }

  #apply(batch: Batch, half?: 'position' | 'data' | 'log'): void {
    this.#server.write(batch, this.#writer, half);
    this.#note(`  ${this.#server.position.seq}: ${show(this.#moments.at(-1)!)}`);
  }

  #writeForeign(): void {
    const key = this.#pick(KEYS);
    this.#server.entries.set(key, this.#nextValue());
    this.#remember();
    this.#partition.foreign(key, 'set');
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    this.loads++;
    this.#replica.begin();
    let isLoaded = true;
    const load = async (keys: readonly string[]): Promise<void> => {
      if (!(await this.#replica.load(keys))) isLoaded = false;
    };
    try {
      if (this.#random() < 0.5) {
        const ask = (cursor: string): Promise<Block> => this.#space.block(0, '', cursor, this.now + TIMEOUT_MS);
        isLoaded = await this.#replica.loadAll(ask, () => {});
      } else {
        for await (const keys of this.#space.scan('', () => this.now + TIMEOUT_MS)) {
          await Promise.all([load(keys.slice(0, 1)), load(keys.slice(1, 3)), load(keys.slice(3))]);
        }
      }
    } catch {
      isLoaded = false;
    }
    this.#note(`  loaded: ${isLoaded}`);
    await this.#replica.end(isLoaded);
    this.#isLoading = false;
  }

  /** As the verifier does it. */
  #startReading(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#isReadingWanted = false;
    const departure = this.#partition.depart();
    const read = async (): Promise<void> => {
      const position = await this.#space.position(0, this.now + TIMEOUT_MS);
      if (!this.#partition.reading(position, departure)) return;
      this.#partition.repair(await this.#space.log(0, this.now + TIMEOUT_MS), position, departure);
    };
    read()
      .catch(() => {
        this.#isReadingWanted = true;
      })
      .finally(() => {
        this.#isReading = false;
      });
  }

  #wait(duration: number): void {
    this.now += duration;
    this.#space.expire(this.now);
    jest.advanceTimersByTime(duration);
  }

  #failOver(): void {
    this.#space.cut(() => Math.round(this.#random()));
    if (this.#random() < 0.7) this.#space.cutFeed();
    if (this.#server.depth > 0) this.#server.rollBack(1 + Math.floor(this.#random() * Math.min(3, this.#server.depth)));
    this.#note(`  ${this.#server.position.seq}: ${show(this.#moments.at(-1)!)}`);
  }

  async #recover(): Promise<void> {
    this.#note('recover');
    for (let round = 0, calm = 0; round < 400 && calm < 40; round++) {
      this.#space.connect();
      if (this.#space.feedState === 'mute') this.#space.cutFeed();
      this.#space.restoreFeed();
      this.#space.execute();
      this.#space.reply();
      this.#space.deliver();
      if (round % 4 === 0) this.#startReading();
      if (this.#replica.isLost && !this.#isLoading) void this.#load();
      this.#wait(5);
      await this.#endTurn();
      const { canExecute, canReply, canDeliver } = this.#space;
      calm = canExecute || canReply || canDeliver || !this.#replica.isRepaired ? 0 : calm + 1;
    }
    if (!this.#replica.isRepaired) this.#violate('the copy is not repaired in the end');
    const held = this.#moments.at(-1)!;
    if (!isEqual(held, this.copy)) this.#violate(`the copy ends as ${show(this.copy)}, the server as ${show(held)}`);
    if (this.now - this.#replica.freshAsOf > STALENESS_MS) this.#violate('the copy is not proven in the end');
    this.#throwViolation();
  }

  async #endTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#throwViolation();
  }

  #violate(text: string): void {
    this.#violation ??= new Violation(`SEED=${this.#seed}: ${text}`);
    this.#note(`VIOLATION ${text}`);
  }

  #throwViolation(): void {
    if (this.#violation !== undefined) throw this.#violation;
  }

  #note(text: string): void {
    if (this.#isTracing) this.trace.push(`${this.now.toFixed(0)} ${text}`);
  }

  // Chance

  #nextValue(): Uint8Array {
    this.#value++;
    return Uint8Array.of(this.#value % 256, this.#value >> 8);
  }

  #pick<V>(values: readonly V[]): V {
    return values[Math.floor(this.#random() * values.length)] as V;
  }

  #some<V>(values: readonly V[], share: number = 0.3): V[] {
    return values.filter(() => this.#random() < share);
  }

  #pickProfile(): Profile {
    const maybe = (weight: number): number => (this.#random() < 0.4 ? weight : 0);
    return {
      steps: 60 + Math.floor(this.#random() * 160),
      write: this.#pick([2, 5, 10]),
      deliver: this.#pick([10, 10, 5, 2]),
      wait: this.#pick([0.5, 2, 5]),
      cutFeed: maybe(0.3),
      spoil: maybe(0.4),
      mute: maybe(0.1),
      cut: maybe(0.3),
      half: maybe(0.5),
      failover: maybe(0.3),
      clear: maybe(0.4),
      recheck: maybe(0.4),
      foreign: this.#random() < 0.2 ? 1 : 0,
    };
  }
}

function isEqual(one: Contents, other: Contents): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

function show(contents: Contents): string {
  return KEYS.filter((key) => contents.has(key))
    .map((key) => `${key}=${contents.get(key)}`)
    .join(' ');
}

/** Runs one schedule. @returns What was broken. */
export async function check(seed: number, isTracing: boolean = false): Promise<string | undefined> {
  const model = new Model(seed, isTracing);
  try {
    await model.run();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  } finally {
    if (isTracing) process.stdout.write(`${model.trace.join('\n')}\n`);
  }
}

/** The first violation of schedules with consecutive seeds. */
export async function firstViolation(schedules: number): Promise<string | undefined> {
  for (let seed = 1; seed <= schedules; seed++) {
    const violation = await check(seed);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** Lets models move the time: to be called before each test. */
export function fakeTime(): void {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
}
