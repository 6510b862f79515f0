// @ts-check
// What has to hold before a namespace is used: the tables are there, and all who open it agree how it is laid out.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigMismatchError, ConnectTimeoutError } from 'neardict';
import { isFinal, reasonOf } from './connection.js';

/** @import { Deadline, Layout, SpaceOptions } from 'neardict' */
/** @import { Connection } from './connection.js' */

const PAUSE_MS = 100;

/**
 * Tries until the deadline, as a server may be about to start.
 *
 * @param {Connection} connection
 * @param {SpaceOptions} options
 * @param {Deadline} deadline
 * @throws {ConfigMismatchError} The namespace has another layout.
 * @throws {UnavailableError} The server refuses, which trying again would not change.
 * @throws {ConnectTimeoutError} It did not answer by the deadline.
 */
export async function prepare(connection, options, deadline) {
  for (;;) {
    try {
      await makeTables(connection, deadline);
      await agree(connection, options, deadline);
      return;
    } catch (error) {
      if (error instanceof ConfigMismatchError || isFinal(error)) throw error;
      if (performance.now() + PAUSE_MS > deadline) {
        throw new ConnectTimeoutError(`PostgreSQL did not answer within connectTimeout: ${reasonOf(error)}`, {
          cause: error,
        });
      }
      await delay(PAUSE_MS);
    }
  }
}

/** @param {Connection} connection @param {Deadline} deadline */
async function makeTables(connection, deadline) {
  const [{ table }] = await connection.read("SELECT to_regclass('neardict.tickets') AS table", [], deadline);
  if (table !== null) return;
  const schema = await readFile(new URL('schema.sql', import.meta.url), 'utf8');
  await connection.read(schema, undefined, deadline);
}

/** @param {Connection} connection @param {SpaceOptions} options @param {Deadline} deadline */
async function agree(connection, { namespace, layout }, deadline) {
  const wanted = describe(layout);
  const text = 'INSERT INTO neardict.namespaces VALUES ($1, $2) ON CONFLICT DO NOTHING';
  await connection.read(text, [namespace, wanted], deadline);
  const recorded = 'SELECT layout FROM neardict.namespaces WHERE namespace = $1';
  const [row] = await connection.read(recorded, [namespace], deadline);
  if (row?.layout === wanted) return;
  throw new ConfigMismatchError(
    `The namespace '${namespace}' has the layout ${row?.layout}, this process wants ${wanted}. Open it with the same options, or choose another namespace.`,
  );
}

/** Equal texts are equal layouts. Where there is one partition no hash is used. @param {Layout} layout */
function describe({ partitions, hash, codec }) {
  return JSON.stringify({ partitions, hash: partitions > 1 ? hash : undefined, codec });
}
