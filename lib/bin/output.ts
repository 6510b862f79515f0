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

  /** Writes rows as results: as JSON one by one, or as a table. */
  async table<R>(rows: readonly R[], columns: Readonly<Record<string, (row: R) => unknown>>): Promise<void> {
    if (this.isJson) {
      for (const row of rows) await this.result(row, '');
      return;
    }
    const cells = rows.map((row) => Object.values(columns).map((cellOf) => String(cellOf(row))));
    await this.write(`${aligned([Object.keys(columns), ...cells])}\n`);
  }

  fail(message: string, code?: string): void {
    this.note(this.isJson ? JSON.stringify({ error: { code, message } }) : message);
  }
}

/** Rows as text whose columns stand below each other. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  const lineOf = (row: readonly string[]): string =>
    row.map((cell, at) => cell.padEnd(widths[at] as number)).join('  ');
  return rows.map((row) => lineOf(row).trimEnd()).join('\n');
}
