import type { Terminal } from './output.ts';

const WIDTH = 24;
/** Shortest time between two drawings, in milliseconds. */
const INTERVAL_MS = 100;

/** A line on a terminal that shows how far something has got. Anywhere else it shows nothing. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** @param share - Of the whole, from 0 to 1; `undefined`: the whole is not known. */
  show(count: number, share?: number): void {
    const now = this.#now();
    if (this.#terminal.isTTY !== true || now - this.#drawnAt < INTERVAL_MS) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    this.#terminal.write(`\r\u001b[K${share === undefined ? '' : bar(share)}${count.toLocaleString('en')} entries`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isDrawn) this.#terminal.write('\r\u001b[K');
  }
}

function bar(share: number): string {
  const filled = Math.round(Math.min(share, 1) * WIDTH);
  const percent = String(Math.floor(Math.min(share, 1) * 100)).padStart(3);
  return `[${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${percent} %  `;
}
