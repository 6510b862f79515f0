import { both, type ClientId, type Ledger, type Operation, type Two, type Version, label } from './ledger.ts';
import type { Message } from './message.ts';
import { isSame, ORIGIN, type Position, show } from './position.ts';
import type { Rules } from './rules.ts';
import type { Trace } from './trace.ts';

/** What one call writes. */
export interface Batch {
  readonly id: number;
  readonly client: ClientId;
  readonly operations: Readonly<Two<Operation | undefined>>;
}

/** One call in the log. */
export interface Logged {
  readonly position: Position;
  readonly batch: Batch;
}

/** The data of a node at one moment. Never changed, so that a copy is a reference. */
export interface State {
  readonly position: Position;
  readonly values: Readonly<Two<Version>>;
  /** Versions that had been made. */
  readonly versions: number;
  readonly log: readonly Logged[];
  /** Writes that can be recognised when they come again. */
  readonly done: readonly Logged[];
}

/** How far a script gets. */
export const stages = { nothing: 0, first: 1, second: 2, logged: 3, published: 4 } as const;

/** A primary that answers, and a replica that follows whenever the schedule lets it. */
export class Store {
  primary: State;
  /** Failovers so far. */
  epoch = 0;
  readonly #empty: State;
  readonly #ledger: Ledger;
  readonly #rules: Rules;
  readonly #trace: Trace;
  readonly #logSize: number;
  readonly #recognises: boolean;
  readonly #publish: (message: Message) => void;
  #replica: State;

  /** @param recognises - Whether repeated writes are recognised; only needed where clients repeat them. */
  constructor(
    ledger: Ledger,
    rules: Rules,
    trace: Trace,
    logSize: number,
    recognises: boolean,
    publish: (message: Message) => void,
  ) {
    const values: Two<Version> = [ledger.commit(0, undefined, undefined), ledger.commit(1, undefined, undefined)];
    this.#empty = { position: ORIGIN, values, versions: ledger.count, log: [], done: [] };
    this.primary = this.#empty;
    this.#replica = this.#empty;
    this.#ledger = ledger;
    this.#rules = rules;
    this.#trace = trace;
    this.#logSize = logSize;
    this.#recognises = recognises;
    this.#publish = publish;
  }

  /** Runs the write script up to and including `stage` and returns the position of the write. */
  run(batch: Batch, nonce: number, stage: number): Position {
    if (this.#recognises) {
      const known = this.primary.done.find((done) => done.batch === batch);
      if (known !== undefined) return known.position;
    }
    const previous = this.primary.position;
    const position = { seq: previous.seq + 1, nonce };
    const { positionFirst } = this.#rules;
    if (stage >= (positionFirst ? stages.first : stages.second)) this.primary = { ...this.primary, position };
    if (stage >= (positionFirst ? stages.second : stages.first)) this.#change(batch, position);
    if (this.#trace.isOn) {
      const changed = both.filter((key) => batch.operations[key] !== undefined);
      const labels = changed.map((key) => label(this.primary.values[key])).join(', ');
      this.#trace.add(
        `  store: ${show(position)} by client ${batch.client}: ${labels}${stage < stages.published ? ` (script fails after stage ${stage})` : ''}`,
      );
    }
    if (stage >= stages.logged) this.#log(batch, position);
    if (stage >= stages.published) this.#publish(this.#announce(batch, previous, position));
    return position;
  }

  replicate(): void {
    this.#replica = this.primary;
  }

  /** The replica takes over; with `isEmpty`, a node that has nothing does. */
  failOver(isEmpty: boolean): void {
    this.epoch++;
    if (isEmpty) this.#replica = this.#empty;
    this.primary = this.#replica;
    this.#ledger.rollBack(this.primary.versions, this.primary.values);
  }

  #change(batch: Batch, position: Position): void {
    const { values } = this.primary;
    const next: Two<Version> = [values[0], values[1]];
    for (const key of both) {
      const operation = batch.operations[key];
      if (operation !== undefined) next[key] = this.#ledger.commit(key, values[key], operation);
    }
    const done = this.#recognises ? [...this.primary.done, { position, batch }] : this.primary.done;
    this.primary = { ...this.primary, values: next, versions: this.#ledger.count, done };
  }

  #announce(batch: Batch, previous: Position, position: Position): Message {
    const { values } = this.primary;
    const { operations, client: origin } = batch;
    return {
      type: 'message',
      previous,
      position,
      origin,
      changes: [operations[0] && values[0], operations[1] && values[1]],
      epoch: this.epoch,
    };
  }

  #log(batch: Batch, position: Position): void {
    if (this.#logSize === 0) return;
    this.primary = { ...this.primary, log: [...this.primary.log.slice(1 - this.#logSize), { position, batch }] };
  }
}

/**
 * Which keys changed after `applied` up to `position`, by a log that was read after that position; `undefined`: the log
 * can't tell.
 */
export function changedSince(
  log: readonly Logged[],
  applied: Position,
  position: Position,
  rules: Rules,
): Two<boolean> | undefined {
  const changed: Two<boolean> = [false, false];
  let next = position.seq;
  for (let index = log.length - 1; index >= 0; index--) {
    const logged = log[index];
    if (logged === undefined) break;
    if (logged.position.seq > position.seq) continue;
    if (rules.logHoldsReading && next === position.seq && !isSame(logged.position, position)) return undefined;
    if (rules.logUnbroken && logged.position.seq !== next) return undefined;
    if (logged.position.seq <= applied.seq) {
      return !rules.logHoldsApplied || isSame(logged.position, applied) ? changed : undefined;
    }
    for (const key of both) if (logged.batch.operations[key] !== undefined) changed[key] = true;
    next = logged.position.seq - 1;
  }
  return undefined;
}
