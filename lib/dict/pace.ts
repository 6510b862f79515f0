/** Longest stretch of work without a pause, in milliseconds. */
const MAX_STRETCH_MS = 5;

/** Lets the event loop do its other work now and then during a long loop. */
export class Pace {
  #pauseAt: number = performance.now() + MAX_STRETCH_MS;

  get isPauseDue(): boolean {
    return performance.now() >= this.#pauseAt;
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#pauseAt = performance.now() + MAX_STRETCH_MS;
  }

  /** A pause as long as a stretch, which does not keep the process alive: for work that nobody waits for. */
  async rest(): Promise<void> {
    await new Promise((resolve) => {
      setTimeout(resolve, MAX_STRETCH_MS).unref();
    });
    this.#pauseAt = performance.now() + MAX_STRETCH_MS;
  }
}
