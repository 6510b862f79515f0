import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Where progress is shown: a terminal, or something else. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Where a command writes: results to one stream, everything else to the other. */
export class Output {
  readonly isJson: boolean;
  readonly terminal: Terminal;
  readonly #stdout: Writable;

  /** @param isJson - Results and errors are JSON, a document per line. */
  constructor(stdout: Writable, stderr: Terminal, isJson: boolean) {
    this.#stdout = stdout;
    this.terminal = stderr;
    this.isJson = isJson;
  }

  /** Writes a result: `json` if that is wanted, else `text`. Waits for a slow reader. */
  async result(json: unknown, text: string): Promise<void> {
    await this.write(`${this.isJson ? JSON.stringify(json) : text}\n`);
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (!this.#stdout.write(data)) await once(this.#stdout, 'drain');
  }

  /** Writes a line that is no result. */
  note(text: string): void {
    this.terminal.write(`${text}\n`);
  }

  fail(message: string, code?: string): void {
    this.note(this.isJson ? JSON.stringify({ error: { code, message } }) : message);
  }
}
