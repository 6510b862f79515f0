// @ts-check
// A store on PostgreSQL: what neardict asks of one, in the words of SQL.
import { ClosedError, ConfigError, ConnectTimeoutError } from 'neardict';
import pg from 'pg';
import { receiptIn, writeCall } from './batch.js';
import { decodeChanges } from './changes.js';
import { Connection } from './connection.js';
import { within } from './deadline.js';
import { Feed } from './feed.js';
import { prepare } from './prepare.js';
import { hasTtls, keyBytes, positionIn, ttlIn } from './rows.js';

/** @import { Batch, Deadline, FeedListener, LoggedCall, PartitionId, Position, Receipt, Snapshot, Space, SpaceOptions, Store } from 'neardict' */

/** Batches of which the log tells. */
const LOG_CALLS = 256;
/** Characters of changes above which the log names no keys. */
const LOGGED_LENGTH = 16_384;
/** Keys read at a time by a scan. */
const SCAN_KEYS = 500;

const READ = `
  SELECT p.seq, p.nonce, e.key, e.bytes, neardict.ms_left(e.expires_at) AS ttl
  FROM (SELECT) AS one
  LEFT JOIN neardict.positions p ON p.namespace = $1 AND p.part = $2
  LEFT JOIN neardict.entries e ON e.namespace = $1 AND e.part = $2 AND e.key = ANY ($3::bytea[])
    AND (e.expires_at IS NULL OR e.expires_at > clock_timestamp())`;
const POSITION = 'SELECT seq, nonce FROM neardict.positions WHERE namespace = $1 AND part = $2';
const LOG = `
  SELECT seq, nonce, CASE WHEN NOT clear AND length(changes) <= ${LOGGED_LENGTH} THEN changes END AS changes
  FROM neardict.log WHERE namespace = $1 AND part = $2 ORDER BY id DESC LIMIT ${LOG_CALLS}`;
const SCAN = `
  SELECT key FROM neardict.entries
  WHERE namespace = $1 AND part = $2 AND key >= $3 AND substring(key FOR length($3)) = $3 AND ($4::bytea IS NULL OR key > $4)
    AND (expires_at IS NULL OR expires_at > clock_timestamp())
  ORDER BY key LIMIT ${SCAN_KEYS}`;

/**
 * A store in a PostgreSQL database, in tables of a schema `neardict` that it makes if it has to.
 *
 * It has connections while some namespace is open: up to `max` (default 8) for statements, and one for messages.
 *
 * @param {pg.PoolConfig} config - As for `new pg.Pool()`: `connectionString`, or `host`, `ssl`, ...
 * @returns {Store}
 * @throws {ConfigError} The connection string is none.
 */
export function postgresStore(config) {
  assertReadable(config);
  /** @type {{ connection: Connection, feed: Feed } | undefined} */
  let shared;
  let users = 0;

  async function release() {
    if (--users > 0 || shared === undefined) return;
    const { connection, feed } = shared;
    shared = undefined;
    feed.close();
    await connection.end();
  }

  return {
    name: 'postgres',
    defaultPartitions: 1,
    async open(options, deadline) {
      shared ??= { connection: new Connection(config), feed: new Feed(config) };
      users++;
      const { connection, feed } = shared;
      try {
        await prepare(connection, options, deadline);
      } catch (error) {
        await release();
        throw error;
      }
      return new PostgresSpace(connection, feed, options, release);
    },
  };
}

/** @param {pg.PoolConfig} config */
function assertReadable(config) {
  try {
    // It connects to nothing.
    void new pg.Client(config);
  } catch {
    // The error quotes the string, and with it the password.
    throw new ConfigError(
      'The connection string is no URL of PostgreSQL: use postgres://user:password@host:5432/database.',
    );
  }
}

/** @implements {Space} */
class PostgresSpace {
  #connection;
  #feed;
  #options;
  #release;
  /** @type {(readonly [PartitionId, FeedListener])[]} */
  #followed = [];
  /** Ends the calls of `follow` that still wait. @type {Set<(error: ClosedError) => void>} */
  #endings = new Set();
  #isClosed = false;

  /** @param {Connection} connection @param {Feed} feed @param {SpaceOptions} options @param {() => Promise<void>} release */
  constructor(connection, feed, options, release) {
    this.#connection = connection;
    this.#feed = feed;
    this.#options = options;
    this.#release = release;
  }

  /** @param {PartitionId} part @param {readonly string[]} keys @param {Deadline} deadline @returns {Promise<Snapshot>} */
  async read(part, keys, deadline) {
    // One statement sees one state of the database.
    const rows = await this.#query(READ, part, [keys.map(keyBytes)], deadline);
    const position = positionIn(rows[0]);
    const found = new Map(rows.map((row) => [row.key?.toString(), row]));
    return {
      position,
      values: keys.map((key) => found.get(key)?.bytes),
      ttls: hasTtls(position) ? keys.map((key) => ttlIn(found.get(key)?.ttl)) : undefined,
    };
  }

  /** @param {PartitionId} part @param {Batch} batch @param {Deadline} deadline @returns {Promise<Receipt>} */
  async write(part, batch, deadline) {
    this.#assertOpen();
    const { text, values } = writeCall(part, batch, this.#options, deadline);
    const [row] = await this.#connection.write(text, values, deadline);
    return receiptIn(row);
  }

  /** @param {PartitionId} part @param {Deadline} deadline @returns {Promise<Position>} */
  async position(part, deadline) {
    const [row] = await this.#query(POSITION, part, [], deadline);
    return positionIn(row);
  }

  /** @param {PartitionId} part @param {Deadline} deadline @returns {Promise<readonly LoggedCall[]>} */
  async log(part, deadline) {
    const rows = await this.#query(LOG, part, [], deadline);
    return rows.map((row) => ({
      position: positionIn(row),
      keys: row.changes === null ? undefined : decodeChanges(row.changes).map(({ key }) => key),
    }));
  }

  /** @param {string} prefix @param {() => Deadline} deadline @returns {AsyncGenerator<readonly string[]>} */
  async *scan(prefix, deadline) {
    for (let part = 0; part < this.#options.layout.partitions; part++) {
      let last = null;
      do {
        const rows = await this.#query(SCAN, part, [keyBytes(prefix), last], deadline());
        last = rows.length < SCAN_KEYS ? null : rows.at(-1).key;
        if (rows.length > 0) yield rows.map(({ key }) => key.toString());
      } while (last !== null);
    }
  }

  /** @param {PartitionId} part @param {FeedListener} listener @param {Deadline} deadline */
  async follow(part, listener, deadline) {
    this.#assertOpen();
    /** @type {(error: Error) => void} */
    let end = () => {};
    /** @type {Promise<void>} */
    const live = new Promise((resolve, reject) => {
      end = reject;
      this.#feed.add(this.#options.namespace, part, listener, resolve);
    });
    this.#followed.push([part, listener]);
    this.#endings.add(end);
    try {
      await within(live, deadline, true);
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      const cause = this.#feed.lastError;
      throw new ConnectTimeoutError('PostgreSQL did not confirm LISTEN within connectTimeout.', { cause });
    } finally {
      this.#endings.delete(end);
    }
  }

  /** @param {PartitionId} part @param {FeedListener} listener */
  unfollow(part, listener) {
    this.#followed = this.#followed.filter(([of, other]) => of !== part || other !== listener);
    this.#feed.remove(this.#options.namespace, part, listener);
  }

  distrust() {
    this.#feed.renew();
  }

  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const [part, listener] of this.#followed) this.#feed.remove(this.#options.namespace, part, listener);
    for (const end of this.#endings) end(new ClosedError(this.#options.namespace));
    await this.#release();
  }

  /** @param {string} text @param {PartitionId} part @param {unknown[]} values @param {Deadline} deadline */
  #query(text, part, values, deadline) {
    this.#assertOpen();
    return this.#connection.read(text, [this.#options.namespace, part, ...values], deadline);
  }

  #assertOpen() {
    if (this.#isClosed) throw new ClosedError(this.#options.namespace);
  }
}
