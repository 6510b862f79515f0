import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real server on loopback, started by and for the tests. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Ends the server as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Freezes the server: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Kills it and removes its folder. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
/** Most test processes at a time. */
const WORKERS = 16;
/** Ports that are taken, or about to be: until a server listens, its port looks free. */
const given = new Set<number>();

/** Starts a server that keeps nothing on disk. `args`: more options of redis-server. */
export async function startRedis(...args: readonly string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'neardict-'));
  const port = await freePort();
  let child = await launch(port, folder, args);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: () => endProcess(child),
    async restart() {
      await endProcess(child);
      child = await launch(port, folder, args);
    },
    pause() {
      child.kill('SIGSTOP');
    },
    resume() {
      child.kill('SIGCONT');
    },
    async stop() {
      await endProcess(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A free port such that the one 10 000 above, which a node of a cluster takes too, is free as well: nobody gets it by
 * this function, and both are outside the range that the system gives out.
 *
 * Test processes that run side by side get different ones: each takes those with a remainder of its own.
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 0) % WORKERS;
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * (10_000 / WORKERS)) * WORKERS + worker;
    if (given.has(port)) continue;
    given.add(port);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(true);
    });
  });
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}

async function launch(port: number, folder: string, args: readonly string[]): Promise<ChildProcess> {
  const program = process.env['NEARDICT_REDIS_SERVER'] ?? 'redis-server';
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn(program, [...base, ...args], { stdio: 'ignore' });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answersPing(port))) {
    if (child.exitCode !== null) throw new Error(`The server ended at its start with exit code ${child.exitCode}.`);
    if (Date.now() > deadline) {
      await endProcess(child);
      throw new Error('The server did not start in time.');
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return child;
}

/** Any answer will do: a server with a password refuses the PING. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const finish = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('data', () => {
      finish(true);
    });
    socket.once('error', () => {
      finish(false);
    });
  });
}

export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}
