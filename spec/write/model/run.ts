import { AmbiguousWriteError, FlushError, type NearDict, openDict, type WriteConflict } from 'neardict';
import type { Batch } from '../../../lib/store/store.ts';
import { Chance } from '../../simulation/chance.ts';
import { EventLoop } from '../../simulation/eventLoop.ts';
import { numberCodec } from '../../simulation/numberCodec.ts';
import { VirtualTime } from '../../simulation/virtualTime.ts';
import { FOREIGN, Ledger } from './ledger.ts';
import { type End, SlowStore } from './slowStore.ts';

type Numbers = NearDict<Record<string, number>>;

const KEYS = ['a', 'b', 'c'];
const EVENTS = 60;
const TIMEOUT_MS = 200;
let runs = 0;

/** One handle that writes back, edited, flushed and disturbed by a schedule that the seed decides. */
class Run {
  readonly ledger = new Ledger();
  readonly #time = new VirtualTime();
  readonly #loop = new EventLoop();
  readonly #chance: Chance;
  readonly #slow: SlowStore;
  readonly #namespace = `write-back-${++runs}`;
  #back!: Numbers;
  #other!: Numbers;
  #values = 0;
  #isCalm = false;
  /** Keys with awaited writes under way. */
  readonly #awaited = new Map<string, number>();

  constructor(seed: number, alter: (batch: Batch) => Batch) {
    this.#chance = new Chance(seed);
    this.#slow = new SlowStore({
      alter,
      onAnswer: (batch, receipt) => {
        this.ledger.answered(batch, receipt, (bytes) => numberCodec.decode(bytes));
      },
      onRead: (key) => {
        this.ledger.read(key);
      },
      holdsRead: () => !this.#isCalm && this.#chance.is(0.3),
    });
  }

  async go(): Promise<string | undefined> {
    this.#time.install(this.#chance.next);
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      await this.#open();
      for (let event = 0; event < EVENTS && this.ledger.violation === undefined; event++) {
        await this.#time.run(this.#loop, this.#draw());
        this.#checkReads();
      }
      await this.#finish();
    } finally {
      this.#time.restore();
      Error.stackTraceLimit = stackTraceLimit;
    }
    return this.ledger.violation;
  }

  async #open(): Promise<void> {
    const options = { namespace: this.#namespace, codec: numberCodec };
    const onConflict = this.#chance.pick(['remote', 'local', () => ++this.#values] as const);
    const flushInterval = this.#chance.pick([20, 100, 10_000]);
    await this.#time.run(this.#loop, () => {
      this.#isCalm = true;
      void openDict<Record<string, number>>({
        ...options,
        store: this.#slow.store,
        timeout: TIMEOUT_MS,
        cache: { maxItems: this.#chance.pick([1, 2, 100]) },
        write: { mode: 'back', flushInterval, onConflict },
      }).then((handle) => {
        this.#back = handle;
      });
      void openDict<Record<string, number>>(options).then((handle) => {
        this.#other = handle;
      });
    });
    this.#isCalm = false;
    this.#back.on('conflict', (conflict: WriteConflict) => {
      this.ledger.resolved(conflict);
    });
    this.#back.on('error', () => {});
  }

  #draw(): () => void {
    const key = this.#chance.pick(KEYS);
    const call = this.#slow.writes[0];
    const events: (readonly [number, () => void])[] = [
      [4, () => this.#edit(key)],
      [2, () => this.#foreign(key)],
      [1, () => this.#flush()],
      [1, () => void this.#back.get(key).catch(() => {})],
      [0.7, () => this.#set(key)],
      [0.4, () => this.#update(key)],
      [1.5, () => this.#pass(this.#chance.pick([5, 30, 300]))],
      [call === undefined ? 0 : 5, () => this.#answer()],
      [this.#slow.reads.length === 0 ? 0 : 2, () => this.#slow.reads.shift()?.()],
    ];
    let point = this.#chance.next() * events.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, act] of events) if ((point -= weight) < 0) return act;
    return () => {};
  }

  #edit(key: string): void {
    const base = this.#baseOf(key);
    const value = this.#chance.is(0.2) ? undefined : ++this.#values;
    this.ledger.edited(key, value, base);
    if (value === undefined) delete this.#back.dict[key];
    else this.#back.dict[key] = value;
  }

  #baseOf(key: string): Parameters<Ledger['edited']>[2] {
    if (this.#awaited.has(key)) return 'read';
    if (this.ledger.obligations.has(key)) return 'edit';
    return this.#back.peek(key) === undefined ? 'read' : 'memory';
  }

  /** Others write at once. */
  #foreign(key: string): void {
    const value = this.#chance.is(0.3) ? undefined : FOREIGN + ++this.#values;
    this.ledger.foreign(key, value);
    if (value === undefined) delete this.#other.dict[key];
    else this.#other.dict[key] = value;
  }

  #set(key: string): void {
    const seq = this.ledger.tick();
    const value = ++this.#values;
    this.ledger.note(`set ${key} = ${value}`);
    const set = this.#back.set(key, value);
    this.#await(key, [value], set, () => {
      this.ledger.awaited(key, seq);
    });
  }

  #update(key: string): void {
    this.ledger.note(`update ${key}`);
    const values: number[] = [];
    const update = this.#back.update(key, () => {
      values.push(++this.#values);
      return this.#values;
    });
    this.#await(key, values, update, () => {});
  }

  #await(key: string, values: readonly number[], write: Promise<unknown>, onApplied: () => void): void {
    this.#awaited.set(key, (this.#awaited.get(key) ?? 0) + 1);
    const end = (): void => {
      const left = (this.#awaited.get(key) ?? 1) - 1;
      if (left === 0) this.#awaited.delete(key);
      else this.#awaited.set(key, left);
    };
    const onFailed = (error: unknown): void => {
      if (error instanceof AmbiguousWriteError) this.ledger.doubt(values);
    };
    write.then(onApplied, onFailed).finally(end);
  }

  #flush(): void {
    this.ledger.note('flush');
    this.#back.flush().then(
      () => {},
      () => {},
    );
  }

  #answer(): void {
    const ends: readonly End[] = this.#isCalm
      ? ['answered']
      : ['answered', 'answered', 'answered', 'answer lost', 'lost', 'refused'];
    const how = this.#chance.pick(ends);
    this.ledger.note(`a call was ${how}`);
    void this.#slow.writes.shift()?.end(how);
  }

  #pass(ms: number): void {
    const until = this.#time.now + ms;
    for (let timer = this.#loop.next; timer !== undefined && timer.due <= until; timer = this.#loop.next) {
      this.#time.now = Math.max(this.#time.now, timer.due);
      this.#loop.fire(timer, this.#time.now);
    }
    this.#time.now = until;
  }

  /** What was edited here is what readers here see. */
  #checkReads(): void {
    for (const [key, { value }] of this.ledger.obligations) {
      const seen = this.#back.peek(key);
      const isRight = seen === value || this.#awaited.has(key);
      if (!isRight) this.ledger.violate(`${key}: ${String(seen)} is read here, and ${String(value)} was edited`);
    }
  }

  /** Without disturbances everything gets to its end; or the handle is closed in the middle of them. */
  async #finish(): Promise<void> {
    const isDisturbed = this.#chance.is(0.3);
    this.#isCalm = !isDisturbed;
    const close: { end: 'open' | 'flushed' | FlushError } = { end: 'open' };
    await this.#time.run(this.#loop, () => {
      this.ledger.note('close');
      this.#back.close({ timeout: 1000 }).then(
        () => {
          close.end = 'flushed';
        },
        (error: unknown) => {
          close.end = error as FlushError;
          for (const { key, error: reason } of close.end.errors) this.ledger.note(`${key}: ${String(reason)}`);
        },
      );
    });
    for (let turn = 0; close.end === 'open' && turn < 300; turn++) {
      await this.#time.run(this.#loop, () => {
        for (const release of this.#slow.reads.splice(0)) release();
        if (this.#slow.writes.length > 0) this.#answer();
        else this.#pass(10);
      });
    }
    this.#judge(close.end, isDisturbed);
    this.#isCalm = true;
    await this.#time.run(this.#loop, () => void this.#other.close());
  }

  #judge(end: 'open' | 'flushed' | FlushError, isDisturbed: boolean): void {
    const listed = end instanceof FlushError ? end.errors.map(({ key }) => key) : [];
    if (end === 'open') this.ledger.violate('close does not end');
    if (listed.length > 0 && !isDisturbed && this.#awaited.size === 0)
      this.ledger.violate(`close failed for ${listed.join()}`);
    for (const [key, { value }] of this.ledger.obligations) {
      if (!listed.includes(key)) this.ledger.violate(`${key}: ${String(value)} was lost`);
    }
  }
}

/** The first violation of runs with consecutive seeds; with one run, its trace is printed. */
export async function firstViolation(
  count: number,
  from: number = 1,
  alter: (batch: Batch) => Batch = (batch) => batch,
): Promise<string | undefined> {
  for (let seed = from; seed < from + count; seed++) {
    const run = new Run(seed, alter);
    const violation = await run.go();
    if (violation === undefined) continue;
    if (count === 1) process.stdout.write(`${run.ledger.trace.join('\n')}\n`);
    return `SEED=${seed}, ${violation}`;
  }
  return undefined;
}
