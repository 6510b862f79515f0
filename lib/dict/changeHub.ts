import type { ChangeSink, KeyChange } from '../coherence/changes.ts';
import { onAbort } from './abortable.ts';
import type { DictChange, DictEmitter } from './events.ts';
import { ChangeQueue } from './watch.ts';

/** Brings what the partitions have caught up with to the listeners and watchers of a handle. */
export class ChangeHub implements ChangeSink {
  readonly #emitter: DictEmitter;
  readonly #onSyncChange: () => void;
  readonly #queues = new Set<(change: DictChange) => void>();
  readonly #ends = new Set<() => void>();
  #isClosed = false;

  constructor(emitter: DictEmitter, onSyncChange: () => void) {
    this.#emitter = emitter;
    this.#onSyncChange = onSyncChange;
  }

  get isListening(): boolean {
    return this.#queues.size > 0 || this.#emitter.listenerCount('change') > 0;
  }

  changed({ type, key, version, isLocal }: KeyChange): void {
    if (type === 'set') this.#tell({ type, key, version: version ?? undefined, local: isLocal });
    else this.#tell({ type, key, version: version === null ? null : undefined, local: isLocal });
  }

  cleared(isLocal: boolean): void {
    this.#tell({ type: 'clear', local: isLocal });
  }

  resynced(): void {
    this.#tell({ type: 'resync' });
  }

  syncChanged(): void {
    if (!this.#isClosed) this.#onSyncChange();
  }

  /** Starts a queue of the changes that `concerns` lets pass. It ends when the signal is aborted, or the hub closed. */
  watch(
    concerns: (change: DictChange) => boolean,
    signal: AbortSignal | undefined,
    onEnd: () => void = () => {},
  ): ChangeQueue {
    const push = (change: DictChange): void => {
      if (concerns(change)) queue.push(change);
    };
    const end = (): void => {
      queue.end();
    };
    const forget = signal === undefined ? undefined : onAbort(signal, end);
    const queue = new ChangeQueue(signal, () => {
      this.#queues.delete(push);
      this.#ends.delete(end);
      forget?.();
      onEnd();
    });
    this.#queues.add(push);
    this.#ends.add(end);
    if (signal?.aborted === true) end();
    return queue;
  }

  /** Ends all watchers. What the partitions still report is that they are closed. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#ends) end();
  }

  #tell(change: DictChange): void {
    for (const push of this.#queues) push(change);
    this.#emitter.emit('change', change);
  }
}
