/** A change of one key that this process has caught up with. */
export interface KeyChange {
  readonly type: 'set' | 'delete';
  readonly key: string;
  /** Digest of the stored bytes; `null` after a delete; `undefined` when a program without this library made the change. */
  readonly version: string | null | undefined;
  /** Made by this handle. */
  readonly isLocal: boolean;
}

/** Where a partition reports what it has caught up with. */
export interface ChangeSink {
  /** Whether anybody wants to know of single changes; `changed` is not called otherwise. */
  readonly isListening: boolean;
  changed(change: KeyChange): void;
  /** Every key of the partition is gone. */
  cleared(isLocal: boolean): void;
  /** Changes were missed: anything may differ from what was reported. */
  resynced(): void;
  /** The partition has gained or lost its proof of position. */
  syncChanged(): void;
}
