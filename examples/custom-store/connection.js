// @ts-check
// Statements on a pool of connections, each of which ends by its deadline and fails with an error of the library.
import { AmbiguousWriteError, UnavailableError } from 'neardict';
import pg from 'pg';
import { within } from './deadline.js';

/** @import { Deadline } from 'neardict' */

/** A statement was sent, and the server did not say before the connection broke, or the deadline, what became of it. */
class LostError extends Error {}

export class Connection {
  #pool;

  /** @param {pg.PoolConfig} config */
  constructor(config) {
    // An idle connection keeps no process alive; one that works does.
    this.#pool = new pg.Pool({ max: 8, connectionTimeoutMillis: 10_000, ...config, allowExitOnIdle: true });
    this.#pool.on('connect', (client) => {
      // A lost connection is told to whoever has a statement on it. As an event without a listener it would end the process.
      client.on('error', () => {});
    });
    this.#pool.on('error', () => {});
  }

  /**
   * A statement that only reads. Whatever becomes of it, nothing has changed.
   *
   * @param {string} text
   * @param {unknown[] | undefined} values
   * @param {Deadline} deadline
   */
  async read(text, values, deadline) {
    try {
      return await this.#run(text, values, deadline);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /**
   * A statement that writes, in a transaction of its own.
   *
   * @param {string} text
   * @param {unknown[] | undefined} values
   * @param {Deadline} deadline
   * @throws {UnavailableError} It has not been applied.
   * @throws {AmbiguousWriteError} It may have been.
   */
  async write(text, values, deadline) {
    try {
      return await this.#run(text, values, deadline);
    } catch (error) {
      throw error instanceof LostError ? ambiguous(error.cause) : unavailable(error);
    }
  }

  /** Ends the idle connections at once, and others when their statement has ended. */
  async end() {
    await this.#pool.end();
  }

  /**
   * @param {string} text
   * @param {unknown[] | undefined} values
   * @param {Deadline} deadline
   */
  async #run(text, values, deadline) {
    const client = await this.#checkOut(deadline);
    try {
      const { rows } = await within(client.query(text, values), deadline);
      client.release();
      return rows;
    } catch (error) {
      const isRefused = await isRefusal(client, error, deadline);
      // It is closed: one that is late would answer to the next statement.
      client.release(true);
      throw isRefused ? error : new LostError('The outcome is not known.', { cause: error });
    }
  }

  /** @param {Deadline} deadline */
  async #checkOut(deadline) {
    const connecting = this.#pool.connect();
    try {
      return await within(connecting, deadline);
    } catch (error) {
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      throw error;
    }
  }
}

/**
 * Whether the server did not do it: an error undoes the transaction, and the server goes on to answer. An error with which
 * the connection ends (a shutdown, a crash, an operator) may come when the transaction was committed.
 *
 * @param {pg.ClientBase} client
 * @param {unknown} error
 * @param {Deadline} deadline
 */
async function isRefusal(client, error, deadline) {
  if (!(error instanceof pg.DatabaseError)) return false;
  try {
    await within(client.query(''), deadline);
    return true;
  } catch {
    return false;
  }
}

/** Whether a call failed for a reason that stays: credentials, rights, a database that is not there. @param {unknown} error */
export function isFinal(error) {
  const cause = error instanceof UnavailableError ? error.cause : error;
  // Classes of SQLSTATE, which no language of the server changes.
  return cause instanceof pg.DatabaseError && /^(28|3D|3F|42|0A)/.test(cause.code ?? '');
}

/** @param {unknown} error */
function unavailable(error) {
  const cause = error instanceof LostError ? error.cause : error;
  // 53100: the disk is full.
  const isFull = cause instanceof pg.DatabaseError && cause.code === '53100';
  return new UnavailableError(`PostgreSQL could not do it: ${reasonOf(cause)}`, { cause: plain(cause), isFull });
}

/** @param {unknown} cause */
function ambiguous(cause) {
  const message = `The write was sent to PostgreSQL and its outcome is unknown: ${reasonOf(cause)}`;
  const advice = 'Read the key with { fresh: true } before you repeat it.';
  return new AmbiguousWriteError(`${message} ${advice}`, { cause: plain(cause) });
}

/** Without what may quote what is stored. @param {unknown} error */
function plain(error) {
  if (error instanceof pg.DatabaseError)
    for (const field of ['detail', 'where', 'internalQuery']) Reflect.deleteProperty(error, field);
  return error;
}

/** @param {unknown} error @returns {string} */
export function reasonOf(error) {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message.replace(/[.\s]*$/, '.') : 'unknown reason.';
}
