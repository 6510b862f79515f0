import { Dice } from './dice.ts';
import type { Violation, ViolationKind } from './ledger.ts';
import { type Action, actions, type Profile } from './profiles.ts';
import { allRules, type Rules } from './rules.ts';
import { drawVariants, type Variants } from './variants.ts';
import { World } from './world.ts';

interface Event {
  readonly action: Action;
  readonly word: number;
}

/** What a history is made of, apart from the seed. */
export interface Setup {
  readonly profile: Profile;
  readonly rules?: Rules;
  /** Default: drawn from the seed. */
  readonly variants?: Variants;
}

export interface Sweep {
  readonly histories: number;
  readonly violations: number;
  readonly byKind: Readonly<Partial<Record<ViolationKind, number>>>;
  /** Seeds of violating histories, at most ten. */
  readonly seeds: readonly number[];
}

/** Runs histories with consecutive seeds, up to `limit` violations. */
export function sweep(
  setup: Setup,
  firstSeed: number,
  histories: number,
  limit: number = Number.POSITIVE_INFINITY,
): Sweep {
  const byKind: Partial<Record<ViolationKind, number>> = {};
  const seeds: number[] = [];
  let violations = 0;
  let run = 0;
  while (run < histories && violations < limit) {
    const seed = firstSeed + run++;
    const violation = runHistory(setup, seed);
    if (violation === undefined) continue;
    violations++;
    byKind[violation.kind] = (byKind[violation.kind] ?? 0) + 1;
    if (seeds.length < 10) seeds.push(seed);
  }
  return { histories: run, violations, byKind, seeds };
}

/** Runs one history and returns what it broke. */
export function runHistory(setup: Setup, seed: number): Violation | undefined {
  const dice = new Dice(seed);
  const world = open(setup, dice);
  const table = tableOf(setup.profile);
  for (let step = 0; step < setup.profile.steps; step++) {
    const action = table[dice.below(table.length)];
    if (action === undefined) continue;
    world.step(action, dice.next());
    if (world.ledger.violation !== undefined) return world.ledger.violation;
  }
  world.settle();
  return world.ledger.violation;
}

/**
 * The events of one history in words.
 *
 * @param options - `shrinks`: tells only the events that its violation needs. Default `true`.
 */
export function replay(setup: Setup, seed: number, { shrinks = true }: { shrinks?: boolean } = {}): readonly string[] {
  const dice = new Dice(seed);
  // The same draws as in a run: the variants come first.
  const variants = setup.variants ?? drawVariants(dice);
  const table = tableOf(setup.profile);
  let events: Event[] = [];
  for (let step = 0; step < setup.profile.steps; step++) {
    const action = table[dice.below(table.length)];
    if (action !== undefined) events.push({ action, word: dice.next() });
  }
  const fixed = { ...setup, variants };
  if (shrinks) events = shrink(fixed, events);
  const { trace } = perform(fixed, events, true);
  return [JSON.stringify(variants), ...trace.lines];
}

/** Leaves out events as long as the same promise stays broken. */
function shrink(setup: Setup, all: readonly Event[]): Event[] {
  let events = [...all];
  const kind = perform(setup, events, false).ledger.violation?.kind;
  if (kind === undefined) return events;
  for (const size of [16, 8, 4, 2, 1, 2, 1, 1]) {
    for (let at = events.length - size; at >= 0; at--) {
      const fewer = events.toSpliced(at, size);
      if (perform(setup, fewer, false).ledger.violation?.kind === kind) events = fewer;
    }
  }
  return events;
}

function perform(setup: Setup, events: readonly Event[], isTraced: boolean): World {
  const world = open(setup, new Dice(0));
  world.trace.isOn = isTraced;
  for (const { action, word } of events) {
    world.step(action, word);
    if (world.ledger.violation !== undefined) return world;
  }
  world.settle();
  return world;
}

function open({ profile, rules = allRules, variants }: Setup, dice: Dice): World {
  return new World(profile, rules, variants ?? drawVariants(dice));
}

const tables = new WeakMap<Profile, readonly Action[]>();

/** Every action as often as its weight says. */
function tableOf(profile: Profile): readonly Action[] {
  const known = tables.get(profile);
  if (known !== undefined) return known;
  const table = actions.flatMap((action) => Array.from({ length: profile.weights[action] }, () => action));
  tables.set(profile, table);
  return table;
}
