import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a request to a process ended. */
export type Outcome =
  | { readonly type: 'value'; readonly value: unknown; readonly ms: number }
  | { readonly type: 'rejected'; readonly error: string; readonly ms: number }
  | { readonly type: 'hung'; readonly ms: number }
  | { readonly type: 'crashed'; readonly ms: number };

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** What a process says without being asked. */
const LOADED = -1;
const OPENED = 0;
const LOAD_MS = 60_000;

const SCRIPT = new URL('../../../faults/child.js', import.meta.url);

/** A process of its own that uses one library on one server. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  /** Its modules are there: the time of the library begins. */
  readonly #loaded: Promise<Answer>;
  readonly #opened: Promise<Answer>;
  readonly #exited: Promise<unknown>;
  #lastId = 0;
  /** What it printed to stderr. */
  stderr = '';

  /** @param survives - It is kept alive by a handler of uncaught exceptions. */
  constructor(peer: string, url: string, survives: boolean) {
    const module = new URL(`../peers/${peer}.js`, SCRIPT).href;
    this.#child = spawn(process.execPath, [SCRIPT.pathname, module, url, String(survives)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.#loaded = this.#answerTo(LOADED);
    this.#opened = this.#answerTo(OPENED);
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until the library is ready to be used. */
  async opened(deadlineMs: number): Promise<Outcome> {
    await this.#outcomeOf(this.#loaded, LOAD_MS);
    return this.#outcomeOf(this.#opened, deadlineMs);
  }

  read(key: string, deadlineMs: number): Promise<Outcome> {
    return this.#request('read', [key], deadlineMs);
  }

  write(key: string, value: string, deadlineMs: number): Promise<Outcome> {
    return this.#request('write', [key, value], deadlineMs);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #request(verb: string, args: readonly string[], deadlineMs: number): Promise<Outcome> {
    const id = ++this.#lastId;
    const answer = this.#answerTo(id);
    if (!this.hasExited && this.#child.connected) this.#child.send({ id, verb, args }, () => {});
    return this.#outcomeOf(answer, deadlineMs);
  }

  #answerTo(id: number): Promise<Answer> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  async #outcomeOf(answer: Promise<Answer>, deadlineMs: number): Promise<Outcome> {
    const started = performance.now();
    const over = new AbortController();
    const outcome = await Promise.race([
      answer,
      this.#exited.then(() => 'crashed' as const),
      sleep(deadlineMs, 'hung' as const, { signal: over.signal }),
    ]);
    over.abort();
    const ms = performance.now() - started;
    if (typeof outcome === 'string') return { type: outcome, ms };
    if (outcome.error !== undefined) return { type: 'rejected', error: outcome.error, ms };
    return { type: 'value', value: outcome.value, ms };
  }
}
