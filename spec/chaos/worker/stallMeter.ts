import { machineTime } from '../clock.ts';

const BEAT_MS = 20;

/** Measures how long the event loop has kept others waiting, or the whole process was stopped. */
export class StallMeter {
  readonly #timer: NodeJS.Timeout;
  #lastBeat = machineTime();
  #stalledMs = 0;

  constructor(onBeat: () => void) {
    this.#timer = setInterval(() => {
      this.#stalledMs = this.stalledMs();
      this.#lastBeat = machineTime();
      onBeat();
    }, BEAT_MS);
  }

  /** All of it since the start. */
  stalledMs(): number {
    return this.#stalledMs + Math.max(0, machineTime() - this.#lastBeat - BEAT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
