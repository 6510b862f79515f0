import { UnavailableError } from '../../errors.ts';
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
  async query(
    args: Arguments,
    deadline: Deadline,
    isIdle: boolean = false,
    server: Server = this.#client,
  ): Promise<unknown> {
    const deadlines = isIdle ? this.#idleDeadlines : this.#deadlines;
    const mayRepeat = (error: unknown): boolean => !isIdle && this.#mayReadAgain(error);
    try {
      return await this.#persist(() => this.#send(args, deadline, server), mayRepeat, deadlines, deadline);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /**
   * The same for commands whose effects have to be seen in their order: all of them again if one failed. But not where
   * keys of one command are on two servers (`isSplit`): each can be asked for.
   */
  async queryAll(commands: readonly Arguments[], deadline: Deadline): Promise<readonly unknown[]> {
    const attempt = (): Promise<unknown[]> => Promise.all(commands.map((args) => this.#send(args, deadline)));
    const mayRepeat = (error: unknown): boolean => !isSplit(error) && this.#mayReadAgain(error);
    try {
      return await this.#persist(attempt, mayRepeat, this.#deadlines, deadline);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** The same for a script that changes nothing. */
  async ask(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    const attempt = (): Promise<unknown> => this.#evaluate(script, args, deadline);
    try {
      return await this.#persist(attempt, (error) => this.#mayReadAgain(error), this.#deadlines, deadline);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /**
   * Runs a script that writes, and again if it certainly did not run for a reason that may pass.
   *
   * @throws {UnavailableError} It certainly did not run.
   * @throws {AmbiguousWriteError} It was sent, and it is not known whether it ran.
   */
  async run(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    const attempt = (): Promise<unknown> => this.#evaluate(script, args, deadline);
    const mayRepeat = (error: unknown): boolean => isPassing(error) || this.#leavesReplica(error);
    try {
      return await this.#persist(attempt, mayRepeat, this.#deadlines, deadline);
    } catch (error) {
      throw isNotApplied(error) ? unavailable(error) : ambiguous(error);
    }
  }

  async #persist<V>(
    attempt: () => Promise<V>,
    mayRepeat: (error: unknown) => boolean,
    deadlines: Deadlines,
    deadline: Deadline,
  ): Promise<V> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      if (!this.#client.isReady) await this.#ready(deadlines, deadline);
      try {
        return await deadlines.within(attempt(), deadline, () => this.#timedOut());
      } catch (error) {
        if (performance.now() + pauseMs >= deadline || !mayRepeat(error)) throw error;
      }
      await deadlines.within(pause(pauseMs), deadline, () => this.#timedOut());
    }
  }

  #mayReadAgain(error: unknown): boolean {
    return isPassing(error) || error instanceof LostError || !this.#client.isReady;
  }

  /** A client of our own can look for the new primary. */
  #leavesReplica(error: unknown): boolean {
    return isDemotion(error) && this.#client.renew?.(error) === true;
  }

  #timedOut(): Error {
    this.#client.unanswered?.();
    return new Error('Redis did not reply in time.');
  }

  #send(args: Arguments, deadline: Deadline, server: Server = this.#client): Promise<unknown> {
    return server.sendCommand(args, COMMAND_OPTIONS, deadline);
  }

  async #evaluate(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    try {
      return await this.#send(['EVALSHA', script.sha, ...args], deadline);
    } catch (error) {
      // Too late, the caller has gone on: sent now, it could overtake what the caller wrote since.
      const isTimely = this.#client.isReady && performance.now() < deadline;
      if (!isTimely || !isUnknownScript(error)) throw error;
      return this.#send(['EVAL', script.source, ...args], deadline);
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

/** It does not keep the process alive; the deadline of whoever waits may. */
function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs).unref();
  });
}
