import { until } from '../support/until.ts';
import { sleep } from './clock.ts';
import type { Member } from './member.ts';
import { Observer } from './observer.ts';
import { MAX_STALENESS_MS, PROCESSES } from './rig.ts';

/** Before the first fault, in milliseconds. */
const WARM_UP_MS = 500;
const WORK_DEADLINE_MS = 120_000;
const BEAT_MS = 250;

/** Processes that use one dictionary, and who writes down what they see. */
export class Troupe {
  readonly observer: Observer;
  #members: readonly Member[] = [];
  #beat: NodeJS.Timeout | undefined;

  /** @param onChecked - Called with an epoch whose keys nobody uses any more. */
  constructor(onChecked: (epoch: number) => void) {
    this.observer = new Observer({
      processes: PROCESSES,
      maxStalenessMs: MAX_STALENESS_MS,
      tellAll: (order) => {
        for (const member of this.#members) member.tell(order);
      },
      onChecked,
    });
  }

  async start(members: readonly Member[]): Promise<void> {
    this.#members = members;
    for (const member of members) member.tell({ type: 'start' });
    this.#beat = setInterval(() => {
      this.observer.beat();
    }, BEAT_MS);
    await sleep(WARM_UP_MS);
  }

  /** Waits while the processes work. */
  work(what: string, holds: () => boolean): Promise<void> {
    const isDone = (): boolean => {
      this.assertWhole();
      return holds();
    };
    return until(what, isDone, WORK_DEADLINE_MS);
  }

  /** @throws {Error} A process has crashed, or printed something. */
  assertWhole(): void {
    for (const { trouble } of this.#members) if (trouble !== undefined) throw new Error(trouble);
  }

  /** Lets the processes end their work, after so many operations, and themselves, and checks everything. */
  async end(minOperations: number): Promise<void> {
    await this.work('there are enough operations', () => this.observer.operations >= minOperations);
    this.observer.endEpochs();
    await this.work('all keys are swept', () => this.observer.isOver);
    for (const member of this.#members) member.tell({ type: 'end' });
    await Promise.all(this.#members.map((member) => member.ended()));
    this.assertWhole();
    await this.observer.checked();
  }

  stop(): void {
    clearInterval(this.#beat);
  }
}
