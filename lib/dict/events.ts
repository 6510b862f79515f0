/// <reference types="node" preserve="true" />
import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import type { WriteConflict } from '../write/conflict.ts';

/** A change that this process has caught up with. It carries no value: read the key to get it. */
export type DictChange<K extends string = string> =
  | {
      readonly type: 'set';
      readonly key: K;
      /**
       * Digest of the stored bytes; `undefined` when a program without this library made the change. With `tracking` it
       * may then have been a delete: the server does not say.
       */
      readonly version: string | undefined;
      /** Made by this handle. */
      readonly local: boolean;
    }
  | { readonly type: 'delete'; readonly key: K; readonly version: null | undefined; readonly local: boolean }
  /** Every key is gone. */
  | { readonly type: 'clear'; readonly local: boolean }
  /** Changes were missed: any key may have changed. */
  | { readonly type: 'resync' };

/**
 * - `coherent`: the feed is live and the position known; cached reads are served.
 * - `suspect`: the feed is interrupted or being repaired; cached reads are served until `maxStaleness` is over.
 * - `offline`: the store did not answer the last time that a position was read, or the dictionary is closed.
 *
 * Positions are read while the dictionary is in use or has a listener to `state` or `change`.
 */
export type DictState = 'coherent' | 'suspect' | 'offline';

/** Events of a handle, with their arguments. */
export interface DictEvents<K extends string = string> {
  change: [change: DictChange<K>];
  state: [now: DictState, before: DictState];
  /** A background write failed, or a listener threw. */
  error: [error: unknown];
  /** With write-back: a key that was assigned here had been changed by others. Tells what became of it. */
  conflict: [conflict: WriteConflict<K>];
  close: [];
}

/** Shortest time between two process warnings of one handle, in milliseconds. */
const WARNING_INTERVAL_MS = 60_000;

/** Emits without ever throwing: neither an error that nobody listens to nor a listener that throws disturbs the emitter. */
export class DictEmitter extends EventEmitter {
  readonly #namespace: string;
  #lastWarning = Number.NEGATIVE_INFINITY;
  #warns = true;

  constructor(namespace: string) {
    super();
    this.#namespace = namespace;
  }

  override emit(name: string | symbol, ...args: unknown[]): boolean {
    const listeners = super.rawListeners(name) as ((...args: unknown[]) => unknown)[];
    if (listeners.length === 0 && name === 'error') this.#warn(args[0]);
    for (const listener of listeners) {
      try {
        const result = Reflect.apply(listener, this, args);
        if (types.isPromise(result)) result.catch((error: unknown) => this.#listenerFailed(name, error));
      } catch (error) {
        this.#listenerFailed(name, error);
      }
    }
    return listeners.length > 0;
  }

  /** What fails from now on is reported otherwise: it needs no warning where nobody listens. */
  warnNoMore(): void {
    this.#warns = false;
  }

  /** Says that the dictionary is closed, to listeners that are then let go. What fails afterwards was reported before. */
  end(): void {
    this.emit('close');
    this.removeAllListeners();
    this.warnNoMore();
  }

  #listenerFailed(name: string | symbol, error: unknown): void {
    if (name === 'error') this.#warn(error);
    else this.emit('error', error);
  }

  #warn(error: unknown): void {
    if (!this.#warns) return;
    const now = performance.now();
    if (now - this.#lastWarning < WARNING_INTERVAL_MS) return;
    this.#lastWarning = now;
    const message = (error as { message?: unknown } | null | undefined)?.message;
    const reason = typeof message === 'string' ? message : 'What was thrown is no Error.';
    process.emitWarning(`An error of the dictionary '${this.#namespace}' met no listener. ${reason}`, {
      type: 'NearDictWarning',
      detail: "Listen to 'error' on the handle, or await flush(). Further warnings are left out for a minute.",
    });
  }
}
