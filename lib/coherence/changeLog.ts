import { type Position, samePosition } from '../store/position.ts';
import type { LoggedCall } from '../store/store.ts';

/**
 * The keys that changed after `applied`, up to and including `reached`.
 *
 * Only a log that holds both positions, nonces included, and every number between them can tell: a number is missing
 * where a script failed in the middle, a nonce differs where the store has failed over.
 *
 * @param log - Newest first, read after the position `reached` was.
 * @returns `undefined`: the log can't tell, or any key may have changed.
 */
export function keysChanged(
  log: readonly LoggedCall[],
  applied: Position,
  reached: Position,
): ReadonlySet<string> | undefined {
  const first = log.findIndex(({ position }) => samePosition(position, reached));
  const last = first + reached.seq - applied.seq;
  if (first === -1 || !isAt(log[last], applied)) return undefined;
  const changed = new Set<string>();
  for (let index = first; index < last; index++) {
    const call = log[index];
    if (call?.keys === undefined || call.position.seq !== reached.seq - (index - first)) return undefined;
    for (const key of call.keys) changed.add(key);
  }
  return changed;
}

function isAt(call: LoggedCall | undefined, position: Position): boolean {
  return call !== undefined && samePosition(call.position, position);
}
