import { AmbiguousWriteError, type NearDict, PartialWriteError, UnavailableError } from 'neardict';
import type { Operation, Value, Write } from '../../support/history.ts';
import { seededRandom } from '../../support/seededRandom.ts';
import { sleep } from '../clock.ts';
import { keysOf, nameOf, pickKey, storedValue } from '../keys.ts';
import type { WorkerOptions } from '../messages.ts';
import { FIBERS, keepPace } from '../pace.ts';
import type { Notebook } from './notebook.ts';
import { Turnstile } from './turnstile.ts';

/** What is used of a dictionary. */
export type Dictionary = Pick<
  NearDict<Record<string, string>>,
  'get' | 'getMany' | 'peek' | 'set' | 'setMany' | 'delete' | 'deleteMany' | 'clear'
>;

/** How much of the work each call is. */
const WEIGHTS = {
  get: 480,
  getMany: 80,
  peek: 80,
  getFresh: 100,
  set: 100,
  setMany: 25,
  delete: 30,
  deleteMany: 8,
  clear: 1,
};
type Call = keyof typeof WEIGHTS;

/**
 * How long calls may take, in timeouts of the dictionary. A write may wait for the call before it; a fresh read waits for
 * the writes of its key, `clear` for all writes and then for a scan.
 */
const LIMITS: Readonly<Record<Call, number>> = {
  get: 1,
  getMany: 1,
  peek: 1,
  getFresh: 3,
  set: 2,
  setMany: 2,
  delete: 2,
  deleteMany: 2,
  clear: 6,
};

/** Keys read together in a sweep, and attempts to do so in spite of faults. */
const SWEEP_KEYS = 25;
const SWEEP_ATTEMPTS = 3;
/** A clear shows its own process nothing before it is done, so its deletes count as those of somebody else. */
const CLEARING = 1000;

/** How a write ended. `outcomes`: of each key, where they differ. */
interface Ending {
  readonly outcome: Write['outcome'];
  readonly result?: unknown;
  readonly outcomes?: ReadonlyMap<string, Write['outcome']>;
}

/** The calls that a worker makes on its dictionary. */
export class Workload {
  readonly #dictionary: Dictionary;
  readonly #notebook: Notebook;
  readonly #options: WorkerOptions;
  readonly #random: () => number;
  readonly #turnstile = new Turnstile();
  readonly #calls: Readonly<Record<Call, (key: string) => Promise<unknown>>> = {
    get: (key) => this.#read('get', [key], async () => [await this.#dictionary.get(key)]),
    getMany: () => this.#readAll('getMany', this.#pickKeys()),
    getFresh: (key) => this.#readAll('getFresh', [key]),
    peek: (key) => this.#peek(key),
    set: (key) => {
      const stored = this.#nextValue();
      return this.#write('set', new Map([[key, nameOf(stored)]]), () => this.#dictionary.set(key, stored));
    },
    setMany: () => {
      const entries = this.#pickKeys().map((key) => [key, this.#nextValue()] as const);
      const changes = new Map(entries.map(([key, stored]) => [key, nameOf(stored)]));
      return this.#write('setMany', changes, () => this.#dictionary.setMany(entries));
    },
    delete: (key) => this.#write('delete', new Map([[key, undefined]]), () => this.#dictionary.delete(key)),
    deleteMany: () => {
      const keys = this.#pickKeys();
      return this.#write('deleteMany', new Map(keys.map((key) => [key, undefined])), () =>
        this.#dictionary.deleteMany(keys),
      );
    },
    clear: () => this.#clear(),
  };
  /** Calls under way, by the epoch in which they began. */
  readonly #underWay = new Map<number, number>();
  #epoch = 0;
  #isHalted = false;
  #written = 0;

  constructor(dictionary: Dictionary, notebook: Notebook, options: WorkerOptions) {
    this.#dictionary = dictionary;
    this.#notebook = notebook;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  start(): void {
    const act = async (): Promise<boolean> => {
      if (!this.#isHalted) await this.#turnstile.enter(() => this.#act());
      return !this.#isHalted;
    };
    for (let fiber = 0; fiber < FIBERS; fiber++) void keepPace(act, this.#random);
  }

  /** Uses the keys of `epoch` from now on. Resolves the epoch before when nothing is under way on its keys. */
  async enter(epoch: number): Promise<number> {
    const before = this.#epoch;
    this.#epoch = epoch;
    await this.#idle(before);
    return before;
  }

  /** Begins nothing any more. Resolves the epoch when nothing is under way. */
  async halt(): Promise<number> {
    this.#isHalted = true;
    await this.#idle(this.#epoch);
    return this.#epoch;
  }

  /** Reads all keys of an epoch, from memory where that may be, and from the store. */
  async sweep(epoch: number): Promise<void> {
    await sleep(this.#options.maxStalenessMs);
    const keys = keysOf(epoch);
    for (let at = 0; at < keys.length; at += SWEEP_KEYS) {
      const some = keys.slice(at, at + SWEEP_KEYS);
      for (const call of ['getMany', 'getFresh'] as const) {
        const read = (): Promise<boolean> => this.#turnstile.enter(() => this.#readAll(call, some));
        for (let attempt = 1; attempt <= SWEEP_ATTEMPTS && !(await read()); attempt++);
      }
    }
  }

  async #act(): Promise<void> {
    const epoch = this.#epoch;
    this.#underWay.set(epoch, (this.#underWay.get(epoch) ?? 0) + 1);
    await this.#calls[this.#pickCall()](this.#pickKey());
    this.#underWay.set(epoch, (this.#underWay.get(epoch) ?? 0) - 1);
  }

  async #idle(epoch: number): Promise<void> {
    while ((this.#underWay.get(epoch) ?? 0) > 0) await sleep(10);
    this.#underWay.delete(epoch);
  }

  #pickCall(): Call {
    const calls = Object.entries(WEIGHTS) as [Call, number][];
    let dice = this.#random() * calls.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [call, weight] of calls) if ((dice -= weight) < 0) return call;
    return 'get';
  }

  #readAll(call: 'getMany' | 'getFresh', keys: readonly string[]): Promise<boolean> {
    const { get, getMany } = this.#dictionary;
    return this.#read(call, keys, async () => {
      if (call === 'getFresh') return Promise.all(keys.map((key) => get(key, { fresh: true })));
      const found = await getMany(keys);
      return keys.map((key) => found[key]);
    });
  }

  async #read(
    call: Call,
    keys: readonly string[],
    ask: () => Promise<readonly (string | undefined)[]>,
  ): Promise<boolean> {
    const attempt = this.#begin(call);
    try {
      const values = await ask();
      const end = this.#notebook.end(attempt, true);
      const type = call === 'getFresh' ? 'fresh' : 'cached';
      const span = { type, process: this.#options.id, start: attempt.start, end } as const;
      for (const [index, key] of keys.entries()) this.#notebook.add({ ...span, key, value: nameOf(values[index]) });
      return true;
    } catch (error) {
      this.#notebook.end(attempt, false);
      if (!(error instanceof UnavailableError)) this.#notebook.problem(`${call} rejected with ${describe(error)}`);
      return false;
    }
  }

  /** What `peek` does not know is no reading. */
  async #peek(key: string): Promise<void> {
    const attempt = this.#begin('peek');
    const value = this.#dictionary.peek(key);
    const end = this.#notebook.end(attempt, true);
    if (value === undefined) return;
    this.#notebook.add({
      type: 'cached',
      process: this.#options.id,
      key,
      value: nameOf(value),
      start: attempt.start,
      end,
    });
  }

  async #write(call: Call, changes: ReadonlyMap<string, Value>, ask: () => Promise<unknown>): Promise<void> {
    const attempt = this.#begin(call);
    const { outcome, result, outcomes } = await this.#outcome(call, ask);
    const end = this.#notebook.end(attempt, outcome === 'ok');
    const existed = typeof result === 'boolean' ? result : undefined;
    const span = { type: 'write', process: this.#options.id, start: attempt.start, end } as const;
    for (const [key, value] of changes)
      this.#notebook.add({ ...span, key, value, existed, outcome: outcomes?.get(key) ?? outcome });
  }

  async #clear(): Promise<void> {
    const first = Math.max(0, this.#epoch - 1);
    const attempt = this.#begin('clear');
    const { outcome } = await this.#outcome('clear', () => this.#dictionary.clear());
    const end = this.#notebook.end(attempt, outcome === 'ok');
    const write: Omit<Operation & Write, 'key'> = {
      type: 'write',
      process: CLEARING + this.#options.id,
      value: undefined,
      start: attempt.start,
      end,
      outcome: outcome === 'ok' ? 'ok' : 'unknown',
    };
    for (let epoch = first; epoch <= this.#epoch; epoch++)
      for (const key of keysOf(epoch)) this.#notebook.add({ ...write, key });
  }

  async #outcome(call: Call, ask: () => Promise<unknown>): Promise<Ending> {
    try {
      return { outcome: 'ok', result: await ask() };
    } catch (error) {
      if (error instanceof PartialWriteError) {
        const failed = error.errors.map((each) => [each.key, outcomeOf(each.error)] as const);
        return {
          outcome: 'unknown',
          outcomes: new Map([...error.applied.map((key) => [key, 'ok'] as const), ...failed]),
        };
      }
      const outcome = outcomeOf(error);
      if (outcome === 'unknown' && !(error instanceof AmbiguousWriteError))
        this.#notebook.problem(`${call} rejected with ${describe(error)}`);
      return { outcome };
    }
  }

  #begin(call: Call): ReturnType<Notebook['begin']> {
    return this.#notebook.begin(call, LIMITS[call] * this.#options.timeoutMs);
  }

  #pickKey(): string {
    return pickKey(this.#epoch, this.#random());
  }

  #pickKeys(): string[] {
    const keys = Array.from({ length: 2 + Math.floor(6 * this.#random()) }, () => this.#pickKey());
    return [...new Set(keys)];
  }

  /** Most values fit into a message; some are long enough to be cut or held up. */
  #nextValue(): string {
    const length = this.#random() < 0.95 ? 40 : 300 + Math.floor(4000 * this.#random());
    return storedValue(this.#options.id, ++this.#written, length);
  }
}

function outcomeOf(error: unknown): Write['outcome'] {
  return error instanceof UnavailableError ? 'refused' : 'unknown';
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
