import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** How one direction of a connection treats what passes. */
export interface Conditions {
  /** Everything waits so long, and up to `jitterMs` longer. Nothing overtakes what came before. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Largest piece that goes on at once; 0: as it comes. */
  readonly sliceBytes: number;
  /** 0: without limit. */
  readonly bytesPerSecond: number;
  /** Nothing is taken from the sender, so that its buffers fill. */
  readonly isStalled: boolean;
}

export const CALM: Conditions = { delayMs: 0, jitterMs: 0, sliceBytes: 0, bytesPerSecond: 0, isStalled: false };

/** What can happen to bytes on their way. */
export type PipeEffect = 'delayed' | 'sliced' | 'throttled' | 'stalled' | 'swallowed';

export interface PipeHost {
  /** The conditions at present. */
  readonly conditions: () => Conditions;
  readonly random: () => number;
  readonly count: (effect: PipeEffect) => void;
  /** What of a chunk goes on. Called when it does, in order. */
  readonly admit: (chunk: Buffer) => Buffer | undefined;
}

/** Pieces per second of a limited rate. */
const PIECES_PER_SECOND = 50;

/** Carries bytes from one socket to another, as well as conditions allow. */
export class FaultPipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #host: PipeHost;
  readonly #queue: { readonly chunk: Buffer; readonly due: number }[] = [];
  #isDelivering = false;
  #isEnded = false;
  #isLost = false;

  constructor(source: Socket, sink: Socket, host: PipeHost) {
    this.#source = source;
    this.#sink = sink;
    this.#host = host;
    source.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    source.once('end', () => {
      this.#isEnded = true;
      this.#finishIfDone();
    });
    sink.on('drain', () => {
      this.update();
    });
    this.update();
  }

  /** Whether something was swallowed, so that the connection can never go on. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Swallows everything from now on, the end of the connection too. */
  lose(): void {
    this.#isLost = true;
  }

  /** Conditions have changed. */
  update(): void {
    if (this.#host.conditions().isStalled) {
      if (!this.#source.isPaused()) this.#host.count('stalled');
      this.#source.pause();
    } else if (!this.#sink.writableNeedDrain) this.#source.resume();
  }

  #take(chunk: Buffer): void {
    if (this.#isLost) {
      this.#host.count('swallowed');
      return;
    }
    const { delayMs, jitterMs, sliceBytes, bytesPerSecond } = this.#host.conditions();
    const isSlowed = delayMs > 0 || jitterMs > 0 || sliceBytes > 0 || bytesPerSecond > 0;
    if (!isSlowed && this.#queue.length === 0) {
      this.#write(chunk);
      return;
    }
    if (delayMs > 0 || jitterMs > 0) this.#host.count('delayed');
    this.#queue.push({ chunk, due: performance.now() + delayMs + jitterMs * this.#host.random() });
    if (!this.#isDelivering) void this.#deliver();
  }

  async #deliver(): Promise<void> {
    this.#isDelivering = true;
    for (let next = this.#queue[0]; next !== undefined && this.#isOpen(); next = this.#queue[0]) {
      const waitMs = next.due - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      await this.#writeSlowly(next.chunk);
      this.#queue.shift();
    }
    this.#isDelivering = false;
    this.#finishIfDone();
  }

  async #writeSlowly(chunk: Buffer): Promise<void> {
    const { sliceBytes, bytesPerSecond } = this.#host.conditions();
    const pieceBytes = Math.ceil(sliceBytes > 0 ? sliceBytes : bytesPerSecond / PIECES_PER_SECOND);
    if (pieceBytes === 0 || chunk.length <= pieceBytes) {
      this.#write(chunk);
      if (bytesPerSecond > 0) await this.#throttle(chunk.length, bytesPerSecond);
      return;
    }
    if (sliceBytes > 0) this.#host.count('sliced');
    for (let at = 0; at < chunk.length && this.#isOpen(); at += pieceBytes) {
      this.#write(chunk.subarray(at, at + pieceBytes));
      if (bytesPerSecond > 0) await this.#throttle(pieceBytes, bytesPerSecond);
      else await turn();
    }
  }

  async #throttle(bytes: number, bytesPerSecond: number): Promise<void> {
    this.#host.count('throttled');
    await sleep((1000 * bytes) / bytesPerSecond);
  }

  #write(chunk: Buffer): void {
    const admitted = this.#isOpen() ? this.#host.admit(chunk) : undefined;
    if (admitted === undefined || admitted.length === 0) return;
    if (!this.#sink.write(admitted)) this.#source.pause();
  }

  #isOpen(): boolean {
    return !this.#isLost && this.#sink.writable;
  }

  #finishIfDone(): void {
    if (this.#isEnded && !this.#isDelivering && this.#isOpen()) this.#sink.end();
  }
}
