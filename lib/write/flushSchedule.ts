import { beforeExit } from './beforeExit.ts';

export interface FlushScheduleOptions {
  readonly intervalMs: number;
  /** Flushes. Resolves whether all that was dirty when it began has reached the store. */
  readonly flush: () => Promise<boolean>;
  readonly isDirty: () => boolean;
}

/**
 * Flushes without being asked: an interval after the first edit, soon where there are many, and before the process ends.
 *
 * The interval keeps no process alive, because one that has nothing else to do flushes and ends.
 */
export class FlushSchedule {
  readonly #options: FlushScheduleOptions;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isDueAgain = false;
  #isClosed = false;
  #forget: (() => void) | undefined;

  constructor(options: FlushScheduleOptions) {
    this.#options = options;
  }

  /** Something was edited. */
  arm(): void {
    if (this.#isClosed) return;
    this.#wait();
    this.#forget ??= beforeExit(() => {
      // Only once after an edit: a store that is away must not keep the process from ending.
      this.#rest();
      void this.#run();
    });
  }

  /** Flushes when the code of this tick has run, or after the flush that is under way. */
  hurry(): void {
    if (this.#isDueAgain) return;
    this.#isDueAgain = true;
    if (!this.#isRunning) process.nextTick(() => void this.#run());
  }

  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  async #run(): Promise<void> {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    let isDone = true;
    do {
      this.#isDueAgain = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      isDone = await this.#options.flush();
      // What has failed is not tried again at once.
    } while (this.#isDueAgain && isDone && !this.#isClosed);
    this.#isRunning = false;
    this.#isDueAgain = false;
    if (this.#options.isDirty()) this.#wait();
    else this.#rest();
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#isRunning) return;
    this.#timer = setTimeout(() => {
      void this.#run();
    }, this.#options.intervalMs).unref();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#forget?.();
    this.#forget = undefined;
  }
}
