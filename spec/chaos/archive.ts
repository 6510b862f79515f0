import { describeViolation, findViolations, type Operation, type Promises } from '../support/history.ts';
import { longestStalenessMs } from '../support/sessions.ts';
import { machineTime } from './clock.ts';
import { epochOf, keysOf } from './keys.ts';
import { splitAtLosses } from './losses.ts';

/** Violations that are described in full. */
const MAX_DESCRIBED = 10;
/** The process of what happens to the server itself. */
const NOBODY = 0;

/** Joins the histories of all processes, checks them epoch by epoch and forgets them. */
export class Archive {
  readonly #promises: Promises;
  /** By epoch, by key. */
  readonly #epochs = new Map<number, Map<string, Operation[]>>();
  readonly #losses: { readonly from: number; to: number; readonly isAffected: (key: string) => boolean }[] = [];
  readonly violations: string[] = [];
  violated = 0;
  operations = 0;
  /** How long ago the oldest value that a cached read brought had been overwritten. */
  stalenessMs = 0;

  constructor(promises: Promises) {
    this.#promises = promises;
  }

  open(epoch: number): void {
    this.#epochs.set(epoch, new Map(keysOf(epoch).map((key) => [key, []])));
  }

  add(operations: readonly Operation[]): void {
    this.operations += operations.length;
    for (const operation of operations) this.#listOf(operation.key).push(operation);
  }

  /** Does what deletes all data. */
  async loseData(act: () => Promise<unknown>): Promise<void> {
    const start = machineTime();
    await act();
    const end = machineTime();
    for (const lists of this.#epochs.values())
      for (const [key, list] of lists)
        list.push({ type: 'write', process: NOBODY, key, value: undefined, outcome: 'ok', start, end });
  }

  /** Does what loses some of the last writes, as a failover of Redis may. Old values may be read for `memoryMs` after it. */
  async loseWrites(isAffected: (key: string) => boolean, memoryMs: number, act: () => Promise<unknown>): Promise<void> {
    const loss = { from: machineTime(), to: Infinity, isAffected };
    this.#losses.push(loss);
    await act();
    loss.to = machineTime() + memoryMs;
  }

  /** Checks an epoch whose history is whole, with a turn of the loop for others after each key. */
  async check(epoch: number): Promise<void> {
    const lists = this.#epochs.get(epoch) ?? new Map<string, Operation[]>();
    this.#epochs.delete(epoch);
    for (const [key, list] of lists) {
      const losses = this.#losses.filter(({ isAffected }) => isAffected(key));
      const parts = splitAtLosses(list, losses);
      const found = parts.flatMap((part) => findViolations(part, this.#promises));
      this.violated += found.length;
      const described = found.slice(0, MAX_DESCRIBED - this.violations.length).map(describeViolation);
      const lost = losses.map(({ from, to }) => `  writes may be lost from ${from.toFixed(3)} to ${to.toFixed(3)} ms`);
      this.violations.push(...described.map((text) => [text, ...lost].join('\n')));
      this.stalenessMs = Math.max(this.stalenessMs, ...parts.map((part) => longestStalenessMs(part)));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #listOf(key: string): Operation[] {
    const list = this.#epochs.get(epochOf(key))?.get(key);
    if (list === undefined) throw new Error(`An operation on ${key} came after its epoch was checked.`);
    return list;
  }
}
