import { machineTime } from './clock.ts';
import { FIBERS, keepPace } from './pace.ts';
import { Throughput } from './throughput.ts';

/** Asks the server for nothing, at the pace of a worker and past the proxies: shows how fast the machine is. */
export class Reference {
  readonly throughput: Throughput = new Throughput();
  #isOver = false;

  constructor(ask: () => Promise<unknown>) {
    const act = async (): Promise<boolean> => {
      try {
        await ask();
        this.throughput.count(machineTime());
      } catch {
        // The server is gone for a moment.
      }
      return !this.#isOver;
    };
    for (let fiber = 0; fiber < FIBERS; fiber++) void keepPace(act, Math.random);
  }

  stop(): void {
    this.#isOver = true;
  }
}
