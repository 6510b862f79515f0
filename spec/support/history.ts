import { linearizabilityViolations } from './linearizability.ts';
import { sessionViolations } from './sessions.ts';

/** Every set writes a value that no other write writes; `undefined` is a key that is missing. */
export type Value = string | undefined;

/**
 * What somebody did with one key, and when: in milliseconds of one monotonic clock for all processes (on Linux,
 * `process.hrtime` of every process counts from the start of the machine).
 */
interface Span {
  readonly process: number;
  readonly key: string;
  readonly value: Value;
  readonly start: number;
  readonly end: number;
}

/** A set, or a delete or a loss of data: a write of `undefined`. */
export interface Write extends Span {
  readonly type: 'write';
  /** `unknown`: it may take effect at any time after its start, or never. `refused`: certainly never. */
  readonly outcome: 'ok' | 'unknown' | 'refused';
  /** What a delete said of the key. */
  readonly existed?: boolean | undefined;
}

/** A read that succeeded: `fresh` asked the store, `cached` may have been served from memory. */
export interface Read extends Span {
  readonly type: 'fresh' | 'cached';
}

export type Operation = Write | Read;

export interface Violation {
  readonly rule: 'linearizable' | 'phantom' | 'stale' | 'back in time' | 'own write';
  readonly key: string;
  readonly text: string;
  /** What to look at, oldest first. */
  readonly operations: readonly Operation[];
}

export interface Promises {
  readonly maxStalenessMs: number;
  /** How much later than promised a read may look, because clocks are not looked at continuously. */
  readonly resolutionMs: number;
}

/**
 * Finds what a history shows that the library promises not to happen. All keys are missing before it.
 *
 * - Fresh reads and writes are linearizable per key.
 * - Every value read was written, by a write that may have happened.
 * - A cached read returns a value that was current at some moment between `maxStalenessMs` before its start and its end.
 * - Per process and key, reads do not go back in time, and own writes are seen.
 */
export function findViolations(history: readonly Operation[], promises: Promises): Violation[] {
  return [...groupByKey(history).values()].flatMap((operations) => [
    ...linearizabilityViolations(operations),
    ...sessionViolations(operations, promises),
  ]);
}

function groupByKey(history: readonly Operation[]): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>();
  for (const operation of history) {
    const group = groups.get(operation.key);
    if (group === undefined) groups.set(operation.key, [operation]);
    else group.push(operation);
  }
  return groups;
}

/** One line per operation, times relative to the first. */
export function describeViolation({ rule, key, text, operations }: Violation): string {
  const first = Math.min(...operations.map(({ start }) => start));
  const lines = operations.map(
    ({ type, process, value, start, end, ...more }) =>
      `  ${(start - first).toFixed(3)}..${(end - first).toFixed(3)} process ${process} ${type} ${value ?? 'missing'}${'outcome' in more ? ` ${more.outcome}` : ''}`,
  );
  return [`${rule}: ${key}: ${text} (from ${first.toFixed(3)} ms)`, ...lines].join('\n');
}
