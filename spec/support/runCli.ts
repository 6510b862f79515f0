import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { main } from '../../lib/bin/main.ts';

/** The program `neardict`, as it was built. */
export const PROGRAM: string = join(import.meta.dirname, '../../dist/bin/neardict.js');

/** How a command ended, and what it wrote. */
export interface CliEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process, with a server in `REDIS_URL`, and `input` to read. */
export async function runCli(url: string, args: readonly string[], input: string = ''): Promise<CliEnd> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const code = await main(args, {
    env: { REDIS_URL: url },
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Collected extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return String(Buffer.concat(this.#chunks));
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}
