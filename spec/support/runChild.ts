import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** How a script ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly output: string;
}

/** A script that runs. */
export interface Child {
  readonly process: ChildProcess;
  /** The next message that the script sends. */
  message(): Promise<unknown>;
  readonly ended: Promise<ChildEnd>;
}

/** Long enough for eight of them that share a slow machine. */
const DEADLINE_MS = 200_000;

/** Starts a script of `spec/scenarios/children`, with the built package, in a process of its own. */
export function startChild(script: string, ...args: readonly string[]): Child {
  const child = launch(script, args, true);
  return { process: child, message: () => messageOf(child, script), ended: endOf(child, script) };
}

/** The same without a channel to it, which would be one more thing that could keep it alive. */
export function runChild(script: string, ...args: readonly string[]): Promise<ChildEnd> {
  return endOf(launch(script, args, false), script);
}

function launch(script: string, args: readonly string[], hasChannel: boolean): ChildProcess {
  const path = join(import.meta.dirname, '../scenarios/children', script);
  const stdio = ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])] as const;
  return spawn(process.execPath, [path, ...args], { stdio: [...stdio] });
}

function messageOf(child: ChildProcess, script: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => {
      reject(new Error(`${script} ended before it sent a message.`));
    });
  });
}

function endOf(child: ChildProcess, script: string): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    let output = '';
    const add = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on('data', add);
    child.stderr?.on('data', add);
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${script} did not end by itself. It printed: ${output}`));
    }, DEADLINE_MS);
    child.once('close', (code) => {
      clearTimeout(deadline);
      resolve({ code, output });
    });
  });
}
