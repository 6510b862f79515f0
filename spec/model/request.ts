import type { KeyId, Ledger, Two } from './ledger.ts';
import type { Position } from './position.ts';
import type { Batch, State } from './store.ts';

type Floor = ReturnType<Ledger['floor']>;

/** A command under way, with what is remembered to judge its reply by. */
export class Request {
  readonly kind: 'read' | 'write' | 'reading' | 'log';
  /** The tick. */
  readonly sentAt: number;
  /** The moment within the history; a tick has many. */
  readonly sentMoment: number;
  readonly generation: number;
  readonly stretch: number;
  /** The position applied when it was sent. */
  readonly applied: Position;
  /** The highest sequence number heard for each key since it was sent. */
  readonly marks: Two<number> = [0, 0];
  /** The key of a read. */
  key: KeyId = 0;
  /** The reads that wait for it, as what they may not go behind. */
  readonly floors: Floor[] = [];
  /** The reading that asks for the log. */
  reading: Request | undefined;
  /** Nothing was heard of its key. */
  isUnheard = true;
  /** What a write brings. */
  batch: Batch | undefined;
  nonce = 0;
  /** It may have been applied by an earlier attempt. */
  isRepeat = false;
  /** Nobody waits for it any more. */
  isAbandoned = false;
  /** What the store answered. */
  answer: 'none' | 'done' | 'failed' | 'unknownScript' = 'none';
  state: State | undefined;
  position: Position;

  constructor(
    kind: Request['kind'],
    sentAt: number,
    sentMoment: number,
    generation: number,
    stretch: number,
    applied: Position,
  ) {
    this.kind = kind;
    this.sentAt = sentAt;
    this.sentMoment = sentMoment;
    this.generation = generation;
    this.stretch = stretch;
    this.applied = applied;
    this.position = applied;
  }
}
