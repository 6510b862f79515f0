import { AmbiguousWriteError, NearDictError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import type { Deadline } from '../store.ts';
import { COMMAND_OPTIONS, type DataClient } from './client.ts';
import type { Script } from './scripts.ts';

/** A command's arguments. */
export type Arguments = readonly (string | Uint8Array)[];

/** Where a command can be sent. */
export type Server = Pick<DataClient, 'sendCommand'>;

/** Replies after which the command certainly had no effect. */
const NOT_APPLIED =
  /^(READONLY|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN|BUSY|NOSCRIPT|OOM|NOREPLICAS|MISCONF|NOAUTH|NOPERM|WRONGPASS|WRONGTYPE|NDCORRUPT)\b/;
/** Failures of the client before anything was sent. */
const NOT_SENT = new Set(['ClientClosedError', 'ClientOfflineError', 'AbortError']);

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
    return this.#client.servers(deadline);
  }

  /**
   * Sends a command that changes nothing.
   *
   * @param isIdle - Nobody waits for it: it does not keep the process alive.
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
    try {
      if (!this.#client.isReady) await this.#ready(deadlines, deadline);
      return await deadlines.within(this.#send(args, server), deadline, timedOut);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /**
   * Runs a script that changes nothing.
   *
   * @throws {UnavailableError} No reply by the deadline, or an error reply.
   */
  async ask(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    try {
      return await this.run(script, args, deadline);
    } catch (error) {
      throw error instanceof AmbiguousWriteError ? unavailable(error.cause) : error;
    }
  }

  /**
   * Runs a script that writes.
   *
   * @throws {UnavailableError} It certainly did not run.
   * @throws {AmbiguousWriteError} It was sent, and it is not known whether it ran.
   */
  async run(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    if (!this.#client.isReady) await this.#ready(this.#deadlines, deadline);
    try {
      return await this.#deadlines.within(this.#evaluate(script, args, deadline), deadline, timedOut);
    } catch (error) {
      throw isNotApplied(error) ? unavailable(error) : ambiguous(error);
    }
  }

  #send(args: Arguments, server: Server = this.#client): Promise<unknown> {
    return server.sendCommand(args, COMMAND_OPTIONS);
  }

  async #evaluate(script: Script, args: Arguments, deadline: Deadline): Promise<unknown> {
    try {
      return await this.#send(['EVALSHA', script.sha, ...args]);
    } catch (error) {
      // Too late, the caller has gone on: sent now, it could overtake what the caller wrote since.
      const isTimely = this.#client.isReady && performance.now() < deadline;
      if (!isTimely || !messageOf(error).startsWith('NOSCRIPT')) throw error;
      return this.#send(['EVAL', script.source, ...args]);
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
        await deadlines.within(change, deadline, disconnected);
      } finally {
        this.#waiters.delete(waiter);
      }
    }
  }
}

function timedOut(): Error {
  return new Error('Redis did not reply in time.');
}

function disconnected(): Error {
  return new UnavailableError('Redis can not be reached: the client has no connection. The command was not sent.');
}

function isNotApplied(error: unknown): boolean {
  const message = messageOf(error);
  if (message === 'The queue is full' || NOT_SENT.has(nameOf(error))) return true;
  // A right that fails inside a script may do so after the script's first write.
  return NOT_APPLIED.test(message) && !(message.startsWith('NOPERM') && message.includes('script'));
}

function unavailable(cause: unknown): NearDictError {
  if (cause instanceof NearDictError) return cause;
  return new UnavailableError(`Redis could not do it: ${messageOf(cause)}`, { cause });
}

function ambiguous(cause: unknown): NearDictError {
  if (cause instanceof NearDictError) return cause;
  return new AmbiguousWriteError(
    `The write was sent to Redis and its outcome is unknown: ${messageOf(cause)} Read the key with { fresh: true } before you repeat it.`,
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : '';
}
