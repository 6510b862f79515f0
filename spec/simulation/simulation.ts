import { Inspection } from './inspection.ts';
import { recover } from './recovery.ts';
import { drawEvent, drawScene } from './schedule.ts';
import { World } from './world.ts';

export const EVENTS = 300;

/** What came of one run. */
export interface Outcome {
  /** The first promise that was broken, with the seed; `undefined` when all were kept. */
  readonly violation: string | undefined;
  readonly trace: readonly string[];
}

/** How often each kind of event has happened. */
export type Tally = Map<string, number>;

/**
 * Runs the whole library over a simulated store, by a schedule that the seed decides.
 *
 * The same seed gives the same run. With `isTracing` the outcome tells what happened.
 */
export async function simulate(seed: number, tally: Tally = new Map(), isTracing: boolean = false): Promise<Outcome> {
  const world = new World(seed, isTracing);
  const { ledger, time } = world;
  const inspection = new Inspection();
  time.install(world.chance.next);
  const { stackTraceLimit } = Error;
  // Faults make thousands of errors whose stacks nobody reads.
  Error.stackTraceLimit = isTracing ? stackTraceLimit : 0;
  try {
    await start(world);
    while (ledger.step < EVENTS && ledger.violation === undefined) {
      ledger.step++;
      await happen(world, tally);
    }
    if (ledger.violation === undefined) await recover(world, inspection);
  } catch (error) {
    ledger.violate(`something threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    time.restore();
    Error.stackTraceLimit = stackTraceLimit;
    inspection.end();
  }
  const violation = ledger.violation && `SEED=${seed}, ${ledger.violation}`;
  return { violation, trace: ledger.trace };
}

/** The first violation of runs with consecutive seeds. */
export async function firstViolation(runs: number, from: number = 1, tally?: Tally): Promise<string | undefined> {
  for (let seed = from; seed < from + runs; seed++) {
    const { violation } = await simulate(seed, tally);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

async function start(world: World): Promise<void> {
  for (const [index, process] of world.processes.entries()) {
    await world.run(process, () => {
      for (let count = world.profile.handles[index] ?? 0; count > 0; count--) process.open();
    });
  }
  await world.settle();
}

async function happen(world: World, tally: Tally): Promise<void> {
  const scene = drawScene(world);
  const kind = drawEvent(scene);
  if (world.ledger.isTracing) world.ledger.note(`${scene.participant?.client.name ?? scene.process.name} ${kind.name}`);
  const result = kind.act(scene);
  if (result instanceof Promise) await result;
  if (result !== false) tally.set(kind.name, (tally.get(kind.name) ?? 0) + 1);
}
