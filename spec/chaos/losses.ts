import type { Operation } from '../support/history.ts';

/** A time in which writes to a key may have been lost, and old values may be read. */
export interface Loss {
  readonly from: number;
  readonly to: number;
}

/**
 * The parts of a key's history that can be judged although Redis has lost writes between them: what ended before a loss,
 * and what began after it.
 *
 * In each part, all writes that began before it or did not end in it may have happened, or not. What such a delete said of
 * the key may be about the history that was lost.
 *
 * @param losses - In their order.
 */
export function splitAtLosses(operations: readonly Operation[], losses: readonly Loss[]): Operation[][] {
  const starts = [-Infinity, ...losses.map(({ to }) => to)];
  const ends = [...losses.map(({ from }) => from), Infinity];
  return starts.map((from, index) => partOf(operations, from, ends[index] ?? Infinity));
}

function partOf(operations: readonly Operation[], from: number, to: number): Operation[] {
  return operations
    .filter(({ start }) => start <= to)
    .flatMap((each): Operation[] => {
      if (each.start >= from && each.end <= to) return [each];
      if (each.type !== 'write') return [];
      return [each.outcome === 'refused' ? each : { ...each, outcome: 'unknown', existed: undefined }];
    });
}
