import type { Operation, Read, Value, Violation, Write } from './history.ts';
import { seededRandom } from './seededRandom.ts';

/** One end of an operation in the list of all that are not placed yet. */
interface Event {
  readonly time: number;
  readonly isStart: boolean;
  readonly step: Step;
  previous: Event | undefined;
  next: Event | undefined;
}

interface Step {
  readonly operation: Write | Read;
  /** 64 random bits; their exclusive or over a set of steps tells it from other sets. */
  readonly low: number;
  readonly high: number;
  start?: Event;
  end?: Event;
}

/** A step that was placed, and how to go on if it should not have been. */
interface Choice {
  readonly step: Step;
  readonly valueBefore: Value;
  readonly next: Event | undefined;
}

/** Writes that may not have happened, by start. One that could be placed is as good as another, so they are used in order. */
interface Optional {
  readonly steps: readonly Step[];
  placed: number;
}

/** Operations shown around the one that can't be placed. */
const CONTEXT = 8;

/**
 * Looks for an order of the writes and fresh reads of one key in which each takes effect between its start and its end
 * (Wing and Gong's search with Lowe's memory of states visited).
 *
 * What may not have happened (unknown deletes, and unknown sets that nobody read) is placed only where nothing else can
 * go on and somebody found the key missing, or there: elsewhere it explains nothing.
 */
export function linearizabilityViolations(operations: readonly Operation[]): Violation[] {
  const history = relevant(operations);
  const stuck = new Search(history).run();
  if (stuck === undefined) return [];
  const { key } = stuck.operation;
  return [
    {
      rule: 'linearizable',
      key,
      text: `after ${stuck.placed} of ${history.length} operations no order explains the ${stuck.operation.type} of ${stuck.operation.value ?? 'missing'} that ended at ${stuck.operation.end.toFixed(3)} ms`,
      operations: around(history, stuck.operation),
    },
  ];
}

/** Writes and fresh reads, by start. A set whose end is unknown ended when somebody had read its value. */
function relevant(operations: readonly Operation[]): (Write | Read)[] {
  const written = new Set(operations.map((each) => (each.type === 'write' ? each.value : undefined)));
  const reads = operations.filter((each) => each.type === 'fresh').filter(({ value }) => written.has(value));
  const firstSeen = new Map<Value, number>();
  for (const { value, end } of reads) firstSeen.set(value, Math.min(end, firstSeen.get(value) ?? Infinity));
  const writes = operations
    .filter((each) => each.type === 'write')
    .filter(({ outcome }) => outcome !== 'refused')
    .map((write) => {
      if (write.outcome === 'ok') return write;
      return { ...write, end: (write.value === undefined ? undefined : firstSeen.get(write.value)) ?? Infinity };
    });
  return [...writes, ...reads].toSorted((one, other) => one.start - other.start);
}

function around(history: readonly Operation[], stuck: Operation): Operation[] {
  const before = history.filter(({ start }) => start <= stuck.end && start < Infinity);
  return before.slice(-CONTEXT).includes(stuck) ? before.slice(-CONTEXT) : [...before.slice(-CONTEXT), stuck];
}

class Search {
  readonly #head: Event;
  readonly #optionalDeletes: Optional;
  readonly #optionalSets: Optional;
  readonly #visited = new Set<string>();
  readonly #readsLeft = new Map<Value, number>();
  readonly #choices: Choice[] = [];
  #value: Value;
  #left: number;
  #low = 0;
  #high = 0;
  #stuck: { readonly operation: Operation; readonly placed: number } | undefined;

  constructor(history: readonly (Write | Read)[]) {
    const random = seededRandom(history.length);
    const bits = (): number => (random() * 2 ** 32) | 0;
    const steps = history.map((operation): Step => ({ operation, low: bits(), high: bits() }));
    const optional = steps.filter(({ operation }) => operation.end === Infinity);
    this.#optionalDeletes = { steps: optional.filter(({ operation }) => operation.value === undefined), placed: 0 };
    this.#optionalSets = { steps: optional.filter(({ operation }) => operation.value !== undefined), placed: 0 };
    const required = steps.filter(({ operation }) => operation.end !== Infinity);
    this.#left = required.length;
    this.#head = chain(required);
    for (const { operation } of required) if (operation.type !== 'write') this.#countRead(operation.value, 1);
  }

  /** The operation that no order explains, and how many it got to; `undefined` if there is an order. */
  run(): { readonly operation: Operation; readonly placed: number } | undefined {
    let event = this.#head.next;
    while (this.#left > 0) {
      if (this.#placeOne(event)) {
        event = this.#head.next;
        continue;
      }
      const choice = this.#undo();
      if (choice === undefined) return this.#stuck;
      event = choice.next;
    }
    return undefined;
  }

  /**
   * Places the first step, from `from` on, that may come next and leads to a state not visited before; steps that begin
   * after another one has ended may not.
   */
  #placeOne(from: Event | undefined): boolean {
    let event = from;
    for (; event?.isStart === true; event = event.next) {
      if (this.#place(event.step, event.next)) return true;
    }
    if (event === undefined) return false;
    this.#noteStuck(event.step.operation);
    const { steps, placed } = this.#optionalsThat(this.#value === undefined ? 'set' : 'delete');
    const optional = steps[placed];
    if (optional === undefined || optional.operation.start > event.time || !this.#isWanted(optional)) return false;
    return this.#place(optional, undefined);
  }

  #optionalsThat(change: 'set' | 'delete'): Optional {
    return change === 'set' ? this.#optionalSets : this.#optionalDeletes;
  }

  /** Whether a step that may come next wants the key to be missing, or there, as it is after `optional`. */
  #isWanted(optional: Step): boolean {
    const isThere = optional.operation.value !== undefined;
    for (let event = this.#head.next; event?.isStart === true; event = event.next) {
      const { operation } = event.step;
      if (operation.type === 'write' ? operation.existed === isThere : !isThere && operation.value === undefined)
        return true;
    }
    return false;
  }

  #place(step: Step, next: Event | undefined): boolean {
    const { operation } = step;
    if (!this.#isLegal(operation)) return false;
    const value = operation.type === 'write' ? operation.value : this.#value;
    const state = `${this.#low ^ step.low},${this.#high ^ step.high},${value}`;
    if (this.#visited.has(state)) return false;
    this.#visited.add(state);
    this.#choices.push({ step, valueBefore: this.#value, next });
    this.#turn(step, value, -1);
    return true;
  }

  #undo(): Choice | undefined {
    const choice = this.#choices.pop();
    if (choice !== undefined) this.#turn(choice.step, choice.valueBefore, 1);
    return choice;
  }

  /** Places the step (`by` -1) or takes it back (`by` 1). */
  #turn(step: Step, value: Value, by: 1 | -1): void {
    this.#value = value;
    this.#low ^= step.low;
    this.#high ^= step.high;
    if (step.start === undefined) {
      this.#optionalsThat(step.operation.value === undefined ? 'delete' : 'set').placed -= by;
      return;
    }
    this.#left += by;
    if (step.operation.type !== 'write') this.#countRead(step.operation.value, by);
    for (const event of by === -1 ? [step.start, step.end] : [step.end, step.start]) {
      if (event === undefined) continue;
      if (event.previous !== undefined) event.previous.next = by === -1 ? event.next : event;
      if (event.next !== undefined) event.next.previous = by === -1 ? event.previous : event;
    }
  }

  /** A value that is still to be read may not be overwritten: nobody writes it again. */
  #isLegal(operation: Write | Read): boolean {
    if (operation.type !== 'write') return operation.value === this.#value;
    if (this.#value !== undefined && (this.#readsLeft.get(this.#value) ?? 0) > 0) return false;
    return operation.existed === undefined || operation.existed === (this.#value !== undefined);
  }

  #countRead(value: Value, by: 1 | -1): void {
    this.#readsLeft.set(value, (this.#readsLeft.get(value) ?? 0) + by);
  }

  #noteStuck(operation: Operation): void {
    const placed = this.#choices.length;
    if (this.#stuck === undefined || placed > this.#stuck.placed) this.#stuck = { operation, placed };
  }
}

/** Both ends of all steps by time, starts first where times are equal. */
function chain(steps: readonly Step[]): Event {
  const events = steps.flatMap((step) => {
    const { start, end } = step.operation;
    step.start = { time: start, isStart: true, step, previous: undefined, next: undefined };
    step.end = { time: end, isStart: false, step, previous: undefined, next: undefined };
    return [step.start, step.end];
  });
  events.sort((one, other) => one.time - other.time || Number(other.isStart) - Number(one.isStart));
  const head = { time: -Infinity, isStart: false, previous: undefined, next: undefined } as Omit<
    Event,
    'step'
  > as Event;
  let last = head;
  for (const event of events) {
    event.previous = last;
    last.next = event;
    last = event;
  }
  return head;
}
