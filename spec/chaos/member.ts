import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { FaultProxy } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import type { Victim } from './faults/fault.ts';
import type { Notice, Order, WorkerOptions } from './messages.ts';

/** Where `npm run build:chaos` puts the worker. */
const WORKER = join(import.meta.dirname, '../../build/chaos/worker/worker.js');

const DEADLINE_MS = 60_000;

type OnNotice = (process: number, notice: Notice) => void;

/** A worker process. */
export class Member {
  readonly id: number;
  readonly #child: ChildProcess;
  #output = '';
  #isOpen = false;
  #unblocked = 0;
  /** Exit code, or the signal that ended it. */
  #end: number | string | undefined;

  constructor(options: WorkerOptions, onNotice: OnNotice) {
    this.id = options.id;
    this.#child = spawn(process.execPath, [WORKER, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    const keepOutput = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    this.#child.stdout?.on('data', keepOutput);
    this.#child.stderr?.on('data', keepOutput);
    this.#child.on('error', keepOutput);
    this.#child.on('message', (notice: Notice) => {
      if (notice.type === 'open') this.#isOpen = true;
      if (notice.type === 'unblocked') this.#unblocked++;
      onNotice(this.id, notice);
    });
    this.#child.once('close', (code, signal) => {
      this.#end = code ?? signal ?? 'unknown';
    });
  }

  /** How it ended although nobody told it to, or what it printed although there is nothing to say. */
  get trouble(): string | undefined {
    if (this.#end === undefined && this.#output === '') return undefined;
    if (this.#end === 0 && this.#output === '') return undefined;
    return `process ${this.id} ${this.#end === undefined ? 'printed' : `ended with ${this.#end} and printed`}: ${this.#output}`;
  }

  isOpen(): Promise<void> {
    return this.#until('is open', () => this.#isOpen);
  }

  tell(order: Order): void {
    this.#child.send(order);
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async block(ms: number): Promise<void> {
    const before = this.#unblocked;
    this.tell({ type: 'block', ms });
    await this.#until('has blocked its loop', () => this.#unblocked > before);
  }

  /** Waits until it has ended by itself. */
  async ended(): Promise<void> {
    await until(`process ${this.id} has ended`, () => this.#end !== undefined, DEADLINE_MS);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended();
  }

  #until(what: string, holds: () => boolean): Promise<void> {
    return until(
      `process ${this.id} ${what}`,
      () => {
        if (this.#end !== undefined) throw new Error(this.trouble ?? `process ${this.id} ended too early`);
        return holds();
      },
      DEADLINE_MS,
    );
  }
}

/** With the proxy between it and the server. */
export class ProxiedMember extends Member implements Victim {
  readonly proxy: FaultProxy;

  constructor(options: WorkerOptions, proxy: FaultProxy, onNotice: OnNotice) {
    super(options, onNotice);
    this.proxy = proxy;
  }
}
