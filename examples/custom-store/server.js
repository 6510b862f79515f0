// @ts-check
// A PostgreSQL of one's own in a temporary folder, for examples and tests. It is fast, and keeps nothing safe.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

/** @import { ChildProcess } from 'node:child_process' */

const START_MS = 40_000;
const STOP_MS = 10_000;
/** Folder of a folder per version, in packages of Debian and Ubuntu. */
const VERSIONS = '/usr/lib/postgresql';

/**
 * The folder with `initdb` and `postgres`: `NEARDICT_POSTGRES_BIN`, or one of the PATH, or that of the newest package.
 * `undefined`: there is none.
 */
export function findPostgres() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const packages = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(VERSIONS, version, 'bin'));
  const folders = [process.env.NEARDICT_POSTGRES_BIN ?? '', ...(process.env.PATH ?? '').split(delimiter), ...packages];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => folder && existsSync(join(folder, name))));
}

/**
 * Makes an empty database and starts its server, which listens at 127.0.0.1 only.
 *
 * @param {string} bin - As `findPostgres` returns it.
 * @param {number} [port] - A free one. Default: some free one.
 */
export async function startPostgres(bin, port) {
  port ??= await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'neardict-postgres-'));
  const [passwordFile, data, password] = [join(folder, 'password'), join(folder, 'data'), randomUUID()];
  const user = unprivilegedUser();
  await writeFile(passwordFile, password);
  if (user.uid !== undefined) for (const path of [folder, passwordFile]) await chown(path, user.uid, user.gid);
  const by = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`];
  const how = ['--encoding=UTF8', '--locale=C', '--no-sync'];
  const timeout = START_MS;
  await promisify(execFile)(join(bin, 'initdb'), ['-D', data, ...by, ...how], { cwd: folder, timeout, ...user });

  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const settings = [
    ...[`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='],
    ...['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'],
  ];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const launch = () => spawn(join(bin, 'postgres'), args, { cwd: folder, stdio: 'ignore', ...user });
  let server = launch();
  await answers(url, server);

  return {
    url,
    /** Ends the server, and every connection with it. */
    stop: () => end(server),
    /** Starts it again, with what it held. */
    async start() {
      server = launch();
      await answers(url, server);
    },
    /** Ends it and removes its folder. */
    async remove() {
      await end(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** PostgreSQL refuses to run as root, who runs it as the user of its package or else as nobody. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return {};
  const idOf = (/** @type {string} */ kind, /** @type {string} */ name) =>
    Number(execFileSync('id', [kind, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      // There is no such user.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as.');
}

/** @param {string} url @param {ChildProcess} server */
async function answers(url, server) {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: START_MS });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (cause) {
      const isOver = performance.now() > deadline;
      if (isOver) await end(server);
      if (isOver || server.exitCode !== null) throw new Error('PostgreSQL did not start.', { cause });
    }
    await delay(20);
  }
}

/** By a fast shutdown, and by force where that takes too long. @param {ChildProcess} server */
async function end(server) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGQUIT'), STOP_MS);
  await exited;
  clearTimeout(timer);
}
