import { seededRandom } from '../support/seededRandom.ts';
import { until } from '../support/until.ts';
import { machineTime, sleep } from './clock.ts';
import { faults } from './faults/faults.ts';
import { keysOf } from './keys.ts';
import type { ProxiedMember } from './member.ts';
import type { ClientPackage } from './messages.ts';
import type { Observer, Sight } from './observer.ts';
import { type Round, shuffle } from './plan.ts';
import { type Course, recoveryMs } from './recovery.ts';
import { Reference } from './reference.ts';
import { MAX_STALENESS_MS, NAMESPACE, type Rig, startRig, USER } from './rig.ts';
import { Throughput } from './throughput.ts';
import { Troupe } from './troupe.ts';

export interface ChaosOptions {
  readonly clientPackage: ClientPackage;
  readonly seed: number;
  readonly rounds: Iterable<Round>;
  /** Goes on without faults until there are so many operations. */
  readonly minOperations: number;
  /** One of the processes breaks promises on purpose. */
  readonly hasOldAnswers?: boolean;
  /** Called after each round. */
  readonly onRound?: (report: ChaosReport) => void;
}

export interface ChaosReport extends Sight {
  readonly seed: number;
  /** How often each kind of fault has met something. */
  readonly struck: Readonly<Record<string, number>>;
  readonly recoveries: readonly Recovery[];
}

/** How long after the end of a round nine tenths of the throughput before it were back. */
export interface Recovery {
  readonly round: Round;
  readonly ms: number;
}

/** Calm before a round, in which the throughput is measured. */
const CALM_MS = 500;
/** The faults of a round begin within this time. */
const SPREAD_MS = 300;
/** By then a fault must have met something. */
const STRIKE_DEADLINE_MS = 60_000;
const RECOVERY_DEADLINE_MS = 15_000;
/** Rounds whose recovery is remembered. */
const MAX_RECOVERIES = 10_000;

/** Lets processes use one dictionary while faults strike them, and checks what they saw. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const conductor = new Conductor(options);
  try {
    await conductor.start();
    for (const round of options.rounds) {
      await conductor.play(round);
      options.onRound?.(conductor.report());
    }
    await conductor.end();
  } catch (error) {
    conductor.giveUp(error);
  } finally {
    await conductor.stop();
  }
  return conductor.report();
}

class Conductor {
  readonly #options: ChaosOptions;
  readonly #random: () => number;
  readonly #troupe: Troupe;
  readonly #struck = new Map<string, number>();
  readonly #recoveries: Recovery[] = [];
  #rig: Rig | undefined;
  #reference: Reference | undefined;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#troupe = new Troupe((epoch) => {
      const names = keysOf(epoch).map((key) => `${NAMESPACE}/${key}`);
      this.#rig?.admin.send('UNLINK', ...names).catch(() => {
        // They stay until the next loss of data.
      });
    });
  }

  get #observer(): Observer {
    return this.#troupe.observer;
  }

  get #members(): readonly ProxiedMember[] {
    return this.#rig?.members ?? [];
  }

  async start(): Promise<void> {
    const { clientPackage, seed, hasOldAnswers = false } = this.#options;
    const onNotice = this.#observer.hear.bind(this.#observer);
    this.#rig = await startRig({ clientPackage, seed, hasOldAnswers, onNotice });
    const { admin } = this.#rig;
    this.#reference = new Reference(() => admin.send('PING'));
    await this.#troupe.start(this.#members);
  }

  /** Lets the faults of a round strike, and waits until the throughput is back. */
  async play(round: Round): Promise<void> {
    this.#troupe.assertWhole();
    const calm = machineTime();
    await sleep(CALM_MS);
    const begin = machineTime();
    const victims = shuffle(this.#members, this.#random).values();
    const strikes = round.map((kind) => {
      const victim = victims.next().value;
      if (victim === undefined) throw new Error('A round has more faults than there are processes.');
      return this.#strike(kind, victim);
    });
    await Promise.all(strikes);
    const end = machineTime();
    const ms = await this.#recovered({ calmFrom: calm, calmTo: begin, end });
    this.#recoveries.push({ round, ms });
    if (this.#recoveries.length > MAX_RECOVERIES) this.#recoveries.shift();
  }

  /** Lets the processes end their work and themselves, and checks everything. */
  async end(): Promise<void> {
    await this.#troupe.end(this.#options.minOperations);
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    this.#troupe.stop();
    this.#reference?.stop();
    await this.#rig?.stop();
  }

  giveUp(error: unknown): void {
    this.#observer.problem(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  report(): ChaosReport {
    const { seed } = this.#options;
    return { ...this.#observer.sight(), seed, struck: Object.fromEntries(this.#struck), recoveries: this.#recoveries };
  }

  /** A fault that finds nothing to strike tries again. */
  async #strike(kind: string, victim: ProxiedMember): Promise<void> {
    const rig = this.#rig as Rig;
    const scene = {
      random: this.#random,
      maxStalenessMs: MAX_STALENESS_MS,
      server: rig.server,
      admin: (...args: readonly string[]) => rig.admin.send(...args),
      namespace: NAMESPACE,
      user: USER,
      victim,
      loseData: (act: () => Promise<unknown>) => this.#observer.loseData(act),
    };
    await sleep(SPREAD_MS * this.#random());
    await until(`a fault has met something: ${kind}`, () => faults.get(kind)?.strike(scene), STRIKE_DEADLINE_MS);
    this.#struck.set(kind, (this.#struck.get(kind) ?? 0) + 1);
  }

  async #recovered(times: Pick<Course, 'calmFrom' | 'calmTo' | 'end'>): Promise<number> {
    const course = {
      ...times,
      work: this.#observer.throughput,
      reference: this.#reference?.throughput ?? new Throughput(),
    };
    let ms: number | undefined;
    await this.#troupe.work('the throughput is back', () => {
      const now = machineTime();
      ms = recoveryMs({ ...course, now });
      return ms !== undefined || now - times.end > RECOVERY_DEADLINE_MS;
    });
    return ms ?? Number.POSITIVE_INFINITY;
  }
}
