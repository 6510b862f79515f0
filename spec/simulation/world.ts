import type { Batch, PartitionId } from '../../lib/store/store.ts';
import { Chance } from './chance.ts';
import type { VirtualTimer } from './eventLoop.ts';
import { Ledger } from './ledger.ts';
import { decodeNumber } from './numberCodec.ts';
import type { Participant } from './participant.ts';
import { SimulatedProcess } from './process.ts';
import { drawProfile, type Profile } from './profile.ts';
import { peek } from './reading.ts';
import { SimulatedServer } from './simulatedServer.ts';
import { KEYS } from './truth.ts';
import { VirtualTime } from './virtualTime.ts';

interface Due {
  readonly process: SimulatedProcess;
  readonly timer: VirtualTimer;
  readonly due: number;
}

/** A server and the processes that use it. */
export class World {
  readonly time: VirtualTime = new VirtualTime();
  readonly chance: Chance;
  readonly profile: Profile;
  /** Not drawn: the other runs are the same with and without mirrors. */
  readonly hasMirrors: boolean;
  readonly ledger: Ledger;
  readonly server: SimulatedServer;
  readonly processes: readonly SimulatedProcess[];

  constructor(seed: number, isTracing: boolean) {
    this.hasMirrors = seed % 3 === 0;
    this.chance = new Chance(seed);
    this.profile = drawProfile(this.chance);
    this.ledger = new Ledger(this.time, this.profile.options.partitions, isTracing);
    this.server = new SimulatedServer(this.profile.server, {
      applied: (partition, batch) => {
        this.#applied(partition, batch);
      },
      wiped: () => {
        this.ledger.truth.wipe(this.ledger.step, this.time.now);
      },
      rolledBack: (keys) => {
        this.#rolledBack(keys);
      },
    });
    this.processes = this.profile.handles.map(
      (_, index) => new SimulatedProcess('ABC'.charAt(index), this.server, this.ledger, this.profile.options),
    );
  }

  get participants(): readonly Participant[] {
    return this.processes.flatMap(({ participants }) => [...participants]);
  }

  /** Lets a process do something, and checks what it was told. */
  async run(process: SimulatedProcess, act: () => void): Promise<void> {
    await this.time.run(process.loop, act);
    this.ledger.runChecks();
    if (this.profile.isProbed) this.#probe(process);
  }

  /** Lets time go by; timers of processes that are not paused fire when they are due. */
  async wait(durationMs: number): Promise<void> {
    const end = this.time.now + durationMs;
    for (let next = this.#nextTimer(end); next !== undefined; next = this.#nextTimer(end)) {
      const { process, timer, due } = next;
      this.time.now = Math.max(this.time.now, due);
      await this.run(process, () => {
        process.loop.fire(timer, performance.now());
      });
    }
    this.time.now = end;
    if (this.profile.isProbed) for (const process of this.processes) this.#probe(process);
  }

  /** Ends all faults. A subscription that the server has forgotten stays forgotten. */
  async heal(): Promise<void> {
    for (const process of this.processes) {
      process.resume();
      process.data.hold(0);
      process.feed.hold(0);
    }
    await this.settle();
    for (const process of this.processes) {
      if (process.handles > 0) continue;
      await this.run(process, () => {
        process.open();
      });
    }
    await this.settle();
  }

  /** Lets everything arrive that is on its way. */
  async settle(): Promise<void> {
    for (let isBusy = true; isBusy;) {
      isBusy = false;
      for (const process of this.processes) {
        while (process.data.canExecute) process.data.execute();
        const { arrival } = process;
        if (arrival === undefined) continue;
        await this.run(process, arrival);
        isBusy = true;
      }
    }
  }

  /** The machine of a process sleeps: it is paused, and its monotonic clock stands still. */
  async sleep(process: SimulatedProcess, durationMs: number): Promise<void> {
    process.isPaused = true;
    await this.wait(durationMs);
    process.loop.sleptMs += durationMs;
    process.resume();
  }

  /** Another node takes the place of the server: connections break, and the last writes may be lost. */
  failOver(): void {
    const { chance, server } = this;
    const feedSurvives = chance.is(0.3);
    for (const { data, feed } of this.processes) {
      data.cut(() => chance.is(0.5));
      if (!feedSurvives) feed.cut((count) => chance.below(count + 1));
    }
    if (server.depth > 0) server.rollBack(1 + chance.below(Math.min(3, server.depth)));
  }

  /** Looks at everything that a process would be served from memory. */
  #probe(process: SimulatedProcess): void {
    if (process.isPaused) return;
    this.time.runAtOnce(process.loop, () => {
      for (const { client, isOpen, mirroring } of process.participants) {
        if (isOpen) for (const key of KEYS) peek(client, key);
        mirroring.look();
      }
    });
    this.ledger.runChecks();
  }

  /** The timer that is due first, up to `end`, of all processes that run. */
  #nextTimer(end: number): Due | undefined {
    let next: Due | undefined;
    for (const process of this.processes) {
      const timer = process.isPaused ? undefined : process.loop.next;
      if (timer === undefined) continue;
      const due = timer.due + process.loop.sleptMs;
      if (due <= end && (next === undefined || due < next.due)) next = { process, timer, due };
    }
    return next;
  }

  // Told by the server

  #applied(partition: PartitionId, batch: Batch): void {
    const { ledger, time } = this;
    const { truth } = ledger;
    const values = batch.sets.map(([, bytes]) => decodeNumber(bytes) as number);
    for (const value of values) {
      if (truth.wasWritten(value)) ledger.violate(`${value} was written twice`);
      if (truth.wasRefused(value)) ledger.violate(`${value} was written after it had been refused`);
    }
    const contents = truth.apply(batch, ledger.step, time.now);
    for (const { writes } of this.participants) if (writes.applied(partition, batch)) break;
    ledger.note(
      `  applied ${[...contents].map(([key, value]) => `${key}=${String(value)}`).join(' ')}${batch.clear ? ' clear' : ''} at ${this.server.state(partition).position.seq}`,
    );
  }

  #rolledBack(keys: ReadonlySet<string>): void {
    const { ledger, time } = this;
    ledger.note(`  rolled back ${[...keys].join(' ')}`);
    for (const key of keys) {
      ledger.truth.restore(key, decodeNumber(this.server.entries.get(key)), ledger.step, time.now);
      for (const { client } of this.participants) client.session(key).rollBack(time.now);
    }
  }
}
