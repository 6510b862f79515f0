import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Alone on a core none takes half a minute. */
const DEADLINE_MS = 480_000;

/** Runs a script of `children/`, which can collect garbage, in a process of its own, and returns what it printed. */
export async function measure<Result>(script: string, ...args: readonly string[]): Promise<Result> {
  const path = join(import.meta.dirname, 'children', script);
  const { stdout } = await run(process.execPath, ['--expose-gc', path, ...args], { timeout: DEADLINE_MS });
  // Node gives back the handle of a process a turn after its end.
  await nextTurn();
  return JSON.parse(stdout) as Result;
}
