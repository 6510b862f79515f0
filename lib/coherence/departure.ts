import type { Era } from '../cache/entry.ts';
import type { Position } from '../store/position.ts';

/** What is remembered of a request when it leaves, to judge its reply by. */
export interface Departure {
  readonly sentAt: number;
  readonly era: Era;
  /** The position applied at that moment. */
  readonly applied: Position;
  /** Which stretch of known history the request belongs to. */
  readonly stretch: number;
}
