import { SPAN_MS, type Throughput } from './throughput.ts';

/** Length of what is compared. */
const WINDOW_MS = 400;
const RECOVERED = 0.9;

export interface Course {
  /** What the processes achieve, and what somebody next to the server does whom no fault strikes. */
  readonly work: Throughput;
  readonly reference: Throughput;
  /** The calm before the faults began. */
  readonly calmFrom: number;
  readonly calmTo: number;
  /** When the last fault was over. */
  readonly end: number;
  readonly now: number;
}

/**
 * How long after the last fault a stretch begins in which nine tenths of the throughput are back.
 *
 * Where the machine itself has become slower than it was in the calm, as the reference shows, so much less will do.
 *
 * @returns `undefined` if there is none so far.
 */
export function recoveryMs({ work, reference, calmFrom, calmTo, end, now }: Course): number | undefined {
  for (let from = end; from + WINDOW_MS + SPAN_MS <= now; from += SPAN_MS) {
    const to = from + WINDOW_MS;
    const pace = Math.min(1, reference.rate(from, to) / reference.rate(calmFrom, calmTo));
    if (work.rate(from, to) >= RECOVERED * pace * work.rate(calmFrom, calmTo)) return from - end;
  }
  return undefined;
}
