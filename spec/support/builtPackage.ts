import { execFile, type ExecFileOptions } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';

const root = dirname(dirname(import.meta.dirname));
const run = promisify(execFile);

const DEADLINE_MS = 55_000;

/** What a program printed, and how it ended. */
export interface Ended {
  /** `null`: it did not end in time and was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The package as its users get it, in a folder of its own. */
export interface BuiltPackage {
  readonly folder: string;
  /** Copies a file or folder of the project to the same place in the package. */
  add(path: string): Promise<void>;
  /** Runs Node in the package, where `neardict` is the built library. */
  node(args: readonly string[], env?: Readonly<Record<string, string>>, deadlineMs?: number): Promise<Ended>;
  /** Runs the compiler of an installed TypeScript package in the package. */
  tsc(compiler: string, args: readonly string[]): Promise<Ended>;
  remove(): Promise<void>;
}

/** Copies what `npm run build` has made. */
export async function copyBuilt(): Promise<BuiltPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'neardict-built-'));
  for (const path of ['dist', 'package.json']) await cp(join(root, path), join(folder, path), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');

  return {
    folder,
    async add(path) {
      await cp(join(root, path), join(folder, path), { recursive: true });
    },
    // A server of the developer is not for the tests.
    node: (args, env = {}, timeout = DEADLINE_MS) =>
      runNode(args, { cwd: folder, timeout, env: { ...process.env, REDIS_URL: '', DATABASE_URL: '', ...env } }),
    tsc: (compiler, args) => compile(compiler, args, folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs the compiler of an installed TypeScript package, in the project or in another folder. */
export function compile(compiler: string, args: readonly string[], cwd: string = root): Promise<Ended> {
  return runNode([join(root, 'node_modules', compiler, 'bin/tsc'), ...args], { cwd });
}

async function runNode(args: readonly string[], options: ExecFileOptions): Promise<Ended> {
  const ended = await runToEnd(args, options);
  // Node gives back the handle of a process a turn after its end.
  await nextTurn();
  return ended;
}

async function runToEnd(args: readonly string[], options: ExecFileOptions): Promise<Ended> {
  try {
    const { stdout, stderr } = await run(process.execPath, args, {
      timeout: DEADLINE_MS,
      ...options,
      encoding: 'utf8',
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}
