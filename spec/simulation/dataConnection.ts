import { AmbiguousWriteError, UnavailableError } from '../../lib/errors.ts';
import type { HalfRun } from './simulatedServer.ts';
import type { VirtualTime } from './virtualTime.ts';

/** What may happen to a write on the server: it is refused, or its script fails in the middle. */
export type Mishap = 'refused' | HalfRun;

interface Request {
  readonly isWrite: boolean;
  readonly run: (half?: HalfRun) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  state: 'unsent' | 'sent' | 'executed' | 'lost';
  /** Replaces the reply. */
  failure: Error | undefined;
}

/** The connection on which one process sends commands: in order, answered in order, each step taken by the schedule. */
export class DataConnection {
  #requests: Request[] = [];
  #isOpenAtServer = true;
  #isOpenAtClient = true;
  readonly #time: VirtualTime;
  /** Time up to which nothing passes. */
  #heldUntil: number = Number.NEGATIVE_INFINITY;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get canExecute(): boolean {
    return this.#isOpenAtServer && this.#isMoving && this.#requests.some(({ state }) => state === 'sent');
  }

  get canReply(): boolean {
    return this.#isOpenAtServer && this.#isMoving && this.#requests[0]?.state === 'executed';
  }

  /** Whether the client does not know yet that the connection is broken. */
  get canNotice(): boolean {
    return !this.#isOpenAtServer && this.#isOpenAtClient;
  }

  get isOpen(): boolean {
    return this.#isOpenAtClient;
  }

  get size(): number {
    return this.#requests.length;
  }

  /** Ends by the deadline; a request that was sent may still be executed later. */
  request<R>(isWrite: boolean, deadline: number, execute: (half?: HalfRun) => R): Promise<R> {
    return new Promise((resolve, reject) => {
      let result: R;
      const request: Request = {
        isWrite,
        run: (half) => {
          result = execute(half);
        },
        resolve: () => {
          clearTimeout(timer);
          resolve(result);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
        state: this.#isOpenAtClient ? 'sent' : 'unsent',
        failure: undefined,
      };
      const timer = setTimeout(() => {
        this.#expire(request);
      }, deadline - performance.now());
      this.#requests.push(request);
    });
  }

  execute(mishap?: Mishap): void {
    const request = this.#requests.find(({ state }) => state === 'sent');
    if (request === undefined) return;
    request.state = 'executed';
    if (!request.isWrite || mishap === undefined) request.run();
    else if (mishap === 'refused') request.failure = new UnavailableError('Simulated: refused.');
    else {
      request.run(mishap);
      request.failure = new AmbiguousWriteError('Simulated: the script failed in the middle.');
    }
  }

  reply(): void {
    const request = this.#requests.shift();
    if (request?.failure === undefined) request?.resolve();
    else request.reject(request.failure);
  }

  /** The client has to send its first request again, as after NOSCRIPT or a redirection: others overtake it. */
  overtake(): boolean {
    const sent = this.#requests.filter(({ state }) => state === 'sent');
    const [first] = sent;
    if (first === undefined || sent.length < 2) return false;
    this.#requests = [...this.#requests.filter((request) => request !== first), first];
    return true;
  }

  /** The connection breaks. `runs` decides whether what is on its way is still executed; no reply arrives. */
  cut(runs: () => boolean): boolean {
    if (!this.#isOpenAtServer) return false;
    this.#isOpenAtServer = false;
    let isRunning = true;
    for (const request of this.#requests) {
      if (request.state === 'sent') {
        isRunning &&= runs();
        if (isRunning) request.run();
      }
      if (request.state !== 'unsent') request.state = 'lost';
    }
    return true;
  }

  /** The client learns that the connection is broken. */
  notice(): void {
    this.#isOpenAtClient = false;
    for (const request of this.#requests) {
      if (request.state !== 'unsent') request.reject(failureOf(request, 'the connection broke'));
    }
    this.#requests = this.#requests.filter(({ state }) => state === 'unsent');
  }

  /** Nothing passes for a while; 0 ends that. */
  hold(durationMs: number): void {
    this.#heldUntil = this.#time.now + durationMs;
  }

  connect(): void {
    this.#isOpenAtServer = true;
    this.#isOpenAtClient = true;
    for (const request of this.#requests) request.state = 'sent';
  }

  get #isMoving(): boolean {
    return this.#time.now >= this.#heldUntil;
  }

  #expire(request: Request): void {
    request.reject(failureOf(request, 'no reply in time'));
    if (request.state === 'unsent') this.#requests = this.#requests.filter((each) => each !== request);
  }
}

function failureOf({ isWrite, state }: Request, reason: string): Error {
  const isAmbiguous = isWrite && state !== 'unsent';
  return new (isAmbiguous ? AmbiguousWriteError : UnavailableError)(`Simulated: ${reason}.`);
}
