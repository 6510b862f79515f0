import { EventLoop, VirtualTimer } from './eventLoop.ts';

const real = {
  random: Math.random,
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  setImmediate: globalThis.setImmediate,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
};

/**
 * The clock, the timers and the randomness of everything that runs in one simulation.
 *
 * One process runs at a time; what it starts goes to its own event loop. Microtasks and `process.nextTick` stay those of
 * Node: they run to their end before anything else does.
 */
export class VirtualTime {
  /** Milliseconds of the wall clock, and of the monotonic clock of a machine that never slept. */
  now = 1000;
  #loop = new EventLoop();

  /** Puts virtual ones in the place of the global clock, timers and randomness, until `restore`. */
  install(random: () => number): void {
    performance.now = () => this.monotonic(this.#loop);
    Math.random = random;
    const start = (repeats: boolean) =>
      ((callback: () => void, ms: number) => this.#start(callback, ms, repeats)) as unknown as typeof setTimeout;
    const clear = ((timer: VirtualTimer | undefined) => {
      timer?.loop.remove(timer);
    }) as unknown as typeof clearTimeout;
    Object.assign(globalThis, {
      setTimeout: start(false),
      setInterval: start(true),
      setImmediate: (callback: () => void) => {
        this.#loop.addImmediate(callback);
      },
      clearTimeout: clear,
      clearInterval: clear,
    });
  }

  restore(): void {
    const { random, ...globals } = real;
    // Its own one is its prototype's.
    Reflect.deleteProperty(performance, 'now');
    Math.random = random;
    Object.assign(globalThis, globals);
  }

  /** Milliseconds of the monotonic clock of a process. */
  monotonic(loop: EventLoop): number {
    return this.now - loop.sleptMs;
  }

  /** Lets code of the process with this event loop do something, up to the end of the turn. */
  async run(loop: EventLoop, act: () => void): Promise<void> {
    this.#loop = loop;
    act();
    do await drain();
    while (loop.runImmediates());
  }

  /** Lets code of the process do something that no microtask follows. */
  runAtOnce(loop: EventLoop, act: () => void): void {
    this.#loop = loop;
    act();
    loop.runImmediates();
  }

  #start(callback: () => void, ms: number, repeats: boolean): VirtualTimer {
    const loop = this.#loop;
    const timer = new VirtualTimer(loop, callback, () => this.monotonic(loop), ms, repeats);
    loop.add(timer);
    return timer;
  }
}

/** Waits until no microtask and no tick is left. */
function drain(): Promise<void> {
  return new Promise((resolve) => {
    real.setImmediate(resolve);
  });
}
