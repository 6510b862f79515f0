import { Archive } from './archive.ts';
import { machineTime } from './clock.ts';
import { Epochs } from './epochs.ts';
import type { Notice, Order, Report } from './messages.ts';
import { Throughput } from './throughput.ts';

/** What has been seen so far. */
export interface Sight {
  /** Reads and writes of single keys. */
  readonly operations: number;
  readonly violated: number;
  /** Some of the violations, in full. */
  readonly violations: readonly string[];
  /** What no process may do: end too late, fail in another way than promised, crash, print. */
  readonly problems: readonly string[];
  /** How long ago the oldest value that a cached read brought had been overwritten. */
  readonly stalenessMs: number;
  readonly maxStalenessMs: number;
  /** By process, since its start. */
  readonly loads: readonly Pick<Report, 'hits' | 'misses' | 'heapBytes'>[];
}

export interface ObserverOptions {
  readonly processes: number;
  readonly maxStalenessMs: number;
  readonly tellAll: (order: Order) => void;
  /** Called with an epoch whose keys nobody uses any more. */
  readonly onChecked: (epoch: number) => void;
}

/** How much later than promised a cached read may look: two clocks are read one after the other. */
const RESOLUTION_MS = 2;
/** How long the throughput is remembered. */
const MEMORY_MS = 120_000;
/** How long after the last sign of the old history its values may still be proven, on a busy machine. */
const LATE_MS = 200;
/** Problems that are kept. */
const MAX_PROBLEMS = 50;

/** Takes the reports of all processes and judges them. */
export class Observer {
  readonly throughput: Throughput = new Throughput();
  readonly #maxStalenessMs: number;
  readonly #archive: Archive;
  readonly #epochs: Epochs;
  readonly #problems: string[] = [];
  readonly #loads = new Map<number, Report>();
  /** Checks follow one another. */
  #checks: Promise<void> = Promise.resolve();

  constructor({ processes, maxStalenessMs, tellAll, onChecked }: ObserverOptions) {
    this.#maxStalenessMs = maxStalenessMs;
    this.#archive = new Archive({ maxStalenessMs, resolutionMs: RESOLUTION_MS });
    this.#epochs = new Epochs({
      processes,
      tellAll,
      open: (epoch) => {
        this.#archive.open(epoch);
      },
      close: (epoch) => {
        this.#checks = this.#checks
          .then(() => this.#archive.check(epoch))
          .then(() => {
            onChecked(epoch);
          });
        this.#checks.catch((error: unknown) => {
          this.problem(String(error));
        });
      },
    });
  }

  /** To be called now and then. */
  beat(): void {
    this.#epochs.advance();
    this.throughput.forget(machineTime() - MEMORY_MS);
  }

  hear(process: number, notice: Notice): void {
    switch (notice.type) {
      case 'report':
        this.#archive.add(notice.operations);
        this.throughput.add(notice.completed);
        for (const text of notice.problems) this.problem(`process ${process}: ${text}`);
        this.#loads.set(process, { ...notice, operations: [], completed: [], problems: [] });
        return;
      case 'left':
        this.#epochs.left(notice.epoch);
        return;
      case 'swept':
        this.#epochs.swept(notice.epoch);
        return;
      case 'open':
      case 'unblocked':
    }
  }

  loseData(act: () => Promise<unknown>): Promise<void> {
    return this.#archive.loseData(act);
  }

  loseWrites(isAffected: (key: string) => boolean, act: () => Promise<unknown>): Promise<void> {
    return this.#archive.loseWrites(isAffected, this.#maxStalenessMs + LATE_MS, act);
  }

  problem(text: string): void {
    if (this.#problems.length < MAX_PROBLEMS && !this.#problems.includes(text)) this.#problems.push(text);
  }

  get operations(): number {
    return this.#archive.operations;
  }

  endEpochs(): void {
    this.#epochs.end();
  }

  /** Whether all processes have ended their work. */
  get isOver(): boolean {
    return this.#epochs.isOver;
  }

  /** Resolves when everything whole is checked. */
  checked(): Promise<void> {
    return this.#checks;
  }

  sight(): Sight {
    const { operations, violated, violations, stalenessMs } = this.#archive;
    const loads = [...this.#loads.values()].map(({ hits, misses, heapBytes }) => ({ hits, misses, heapBytes }));
    const maxStalenessMs = this.#maxStalenessMs;
    return { operations, violated, violations, problems: this.#problems, stalenessMs, maxStalenessMs, loads };
  }
}
