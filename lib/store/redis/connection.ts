import { type NearDictError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import type { Deadline } from '../store.ts';
import { COMMAND_OPTIONS, type DataClient } from './client.ts';
import {
  ambiguous,
  disconnected,
  isDemotion,
  isNotApplied,
  isPassing,
  isSplit,
  isUnknownScript,
  LostError,
  unavailable,
} from './failures.ts';
import type { Script } from './scripts.ts';

/** A command's arguments. */
export type Arguments = readonly (string | Uint8Array)[];

/** Where a command can be sent. */
export type Server = Pick<DataClient, 'sendCommand'>;

/** What is to be sent, by when, and what becomes of its failures. */
interface Call<V> {
  readonly send: () => Promise<V>;
  /** Of a script: for a server that does not know it by its digest. */
  readonly sendWhole?: () => Promise<V>;
  readonly mayRepeat: (error: unknown) => boolean;
  readonly failure: (error: unknown) => NearDictError;
  readonly deadlines: Deadlines;
  readonly deadline: Deadline;
}

/** Waits before a command is sent again that the server refuses for the moment. */
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 500;

/** The data connection: sends commands over a client, in time or not at all. */
export class Connection {
  readonly #client: DataClient;
  readonly #deadlines = new Deadlines();
  /** For commands that nobody waits for. */
  readonly #idleDeadlines = new Deadlines({ keepsAlive: false });
  /** Commands that wait for the client to be ready. */
  readonly #waiters = new Set<() => void>();
  readonly #wake = (): void => {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  };

  readonly #mayReadAgain = (error: unknown): boolean =>
    isPassing(error) || error instanceof LostError || !this.#client.isReady;

  readonly #mayReadKeysAgain = (error: unknown): boolean => !isSplit(error) && this.#mayReadAgain(error);

  /** A client of our own can look for the new primary. */
  readonly #mayWriteAgain = (error: unknown): boolean =>
    isPassing(error) || (isDemotion(error) && this.#client.renew?.(error) === true);

  readonly #timedOut = (): Error => {
    this.#client.unanswered?.();
    return new Error('Redis did not reply in time.');
  };

  constructor(client: DataClient) {
    this.#client = client;
    client.on('ready', this.#wake);
    client.on('end', this.#wake);
  }

  /** Takes the connection's listeners off the client. */
  release(): void {
    this.#client.off('ready', this.#wake);
    this.#client.off('end', this.#wake);
    this.#wake();
  }

  /** Whether names are spread over servers by their hash tags. */
  get isCluster(): boolean {
    return this.#client.servers !== undefined;
  }

  /**
   * Every server that holds data.
   *
   * @throws {UnavailableError} Not all of them could be reached by the deadline.
   */
  async servers(deadline: Deadline): Promise<readonly Server[]> {
    if (this.#client.servers === undefined) return [this.#client];
    try {
      return await this.#client.servers(deadline);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /**
   * Sends a command that changes nothing, and again if it failed for the moment or was lost with its connection.
   *
   * @param isIdle - Nobody waits for it: it is sent once, and does not keep the process alive.
   * @param server - One of `servers`; default: the one that has the command's first key.
   * @throws {UnavailableError} No reply by the deadline, or an error reply.
   */
  query(args: Arguments, deadline: Deadline, isIdle: boolean = false, server: Server = this.#client): Promise<unknown> {
    return this.#attempt({
      send: () => this.#send(args, deadline, server),
      mayRepeat: isIdle ? never : this.#mayReadAgain,
      failure: unavailable,
      deadlines: isIdle ? this.#idleDeadlines : this.#deadlines,
      deadline,
    });
  }

  /** The same for a command whose keys may be on two servers (`isSplit`): not again then, each can be asked for. */
  queryKeys(args: Arguments, deadline: Deadline): Promise<unknown> {
    return this.#queryKeys(() => this.#send(args, deadline), deadline);
  }

  /** The same for commands whose effects have to be seen in their order: all of them again if one failed. */
  queryAll(commands: readonly Arguments[], deadline: Deadline): Promise<readonly unknown[]> {
    return this.#queryKeys(() => Promise.all(commands.map((args) => this.#send(args, deadline))), deadline);
  }

  #queryKeys<V>(send: () => Promise<V>, deadline: Deadline): Promise<V> {
    const mayRepeat = this.#mayReadKeysAgain;
    return this.#attempt({ send, mayRepeat, failure: unavailable, deadlines: this.#deadlines, deadline });
  }

  /** The same for a script that changes nothing. */
  ask(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    return this.#evaluate(script, args, deadline, this.#mayReadAgain, unavailable);
  }

  /**
   * Runs a script that writes, and again if it certainly did not run for a reason that may pass.
   *
   * @throws {UnavailableError} It certainly did not run.
   * @throws {AmbiguousWriteError} It was sent, and it is not known whether it ran.
   */
  run(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    return this.#evaluate(script, args, deadline, this.#mayWriteAgain, failureOfWrite);
  }

  #evaluate(
    script: Script,
    args: Arguments,
    deadline: Deadline,
    mayRepeat: Call<unknown>['mayRepeat'],
    failure: Call<unknown>['failure'],
  ): Promise<unknown> {
    return this.#attempt({
      send: () => this.#send(['EVALSHA', script.sha, ...args], deadline),
      sendWhole: () => this.#send(['EVAL', script.source, ...args], deadline),
      mayRepeat,
      failure,
      deadlines: this.#deadlines,
      deadline,
    });
  }

  /** As a rule one attempt is all, so it costs one promise, and what takes more is for when it has failed. */
  #attempt<V>(call: Call<V>, pauseMs: number = FIRST_PAUSE_MS): Promise<V> {
    const { deadlines, deadline } = call;
    if (!this.#client.isReady) return this.#ready(deadlines, deadline).then(() => this.#attempt(call, pauseMs));
    return deadlines.within(call.send(), deadline, this.#timedOut, (error) => this.#failed(call, error, pauseMs));
  }

  async #failed<V>(call: Call<V>, error: unknown, pauseMs: number): Promise<V> {
    const { sendWhole, deadlines, deadline } = call;
    // Too late, the caller has gone on: sent now, it could overtake what the caller wrote since.
    const isTimely = this.#client.isReady && performance.now() < deadline;
    if (sendWhole === undefined || !isTimely || !isUnknownScript(error)) return this.#again(call, error, pauseMs);
    return deadlines.within(sendWhole(), deadline, this.#timedOut, (last) => this.#again(call, last, pauseMs));
  }

  async #again<V>(call: Call<V>, error: unknown, pauseMs: number): Promise<V> {
    const { deadlines, deadline } = call;
    if (performance.now() + pauseMs >= deadline || !call.mayRepeat(error)) throw call.failure(error);
    await deadlines.within(pause(pauseMs), deadline, () => call.failure(this.#timedOut()));
    return this.#attempt(call, Math.min(2 * pauseMs, MAX_PAUSE_MS));
  }

  #send(args: Arguments, deadline: Deadline, server: Server = this.#client): Promise<unknown> {
    try {
      return server.sendCommand(args, COMMAND_OPTIONS, deadline);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A command given to a client that is not ready would be sent later, when its caller has long given up. */
  async #ready(deadlines: Deadlines, deadline: Deadline): Promise<void> {
    while (!this.#client.isReady) {
      if (!this.#client.isOpen)
        throw new UnavailableError('The Redis client is closed. Connect it, or open a new one.');
      let waiter!: () => void;
      const change = new Promise<void>((resolve) => {
        waiter = resolve;
      });
      this.#waiters.add(waiter);
      try {
        await deadlines.within(change, deadline, () => disconnected(this.#client.lastError));
      } finally {
        this.#waiters.delete(waiter);
      }
    }
  }
}

function never(): boolean {
  return false;
}

function failureOfWrite(error: unknown): NearDictError {
  return isNotApplied(error) ? unavailable(error) : ambiguous(error);
}

/** It does not keep the process alive; the deadline of whoever waits may. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs).unref();
  });
}
