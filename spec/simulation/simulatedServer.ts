import type { Position } from '../../lib/store/position.ts';
import type { Batch, Change, LoggedCall, Message, PartitionId, Receipt } from '../../lib/store/store.ts';
import { versionOf } from '../../lib/store/version.ts';
import { INLINE_BYTES } from './numberCodec.ts';

/** How far a script gets that fails in the middle: it moves the position; writes the data, too; notes the call, too. */
export type HalfRun = 'position' | 'data' | 'log';

/** Told of every change of the data. */
export interface ServerObserver {
  /** A batch was applied, in whole or without its announcement. */
  applied(partition: PartitionId, batch: Batch): void;
  wiped(): void;
  /** The last changes are lost; `keys` were touched by them. */
  rolledBack(keys: ReadonlySet<string>): void;
}

/** Where messages are published to. */
interface Feed {
  publish(partition: PartitionId, message: Message): void;
}

/** What the server holds of one partition. */
interface State {
  readonly position: Position;
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** The change log, newest call first. */
  readonly calls: readonly LoggedCall[];
}

/** Changes that a failover can lose. */
const MAX_DEPTH = 8;
/** What a server is like before anything happens. */
export interface ServerOptions {
  readonly partitions: number;
  /** Calls that a change log holds. */
  readonly logCalls: number;
}

/** A server that does what the write script does, in whole or in part. */
export class SimulatedServer {
  readonly feeds: Set<Feed> = new Set<Feed>();
  readonly #observer: ServerObserver;
  #states: readonly State[];
  /** The states before the last changes, each with the keys that the change touched. */
  readonly #history: { readonly states: readonly State[]; readonly keys: readonly string[] }[] = [];
  readonly #logCalls: number;
  #nonce = 0;

  constructor({ partitions, logCalls }: ServerOptions, observer: ServerObserver) {
    this.#logCalls = logCalls;
    this.#states = Array.from({ length: partitions }, () => this.#empty());
    this.#observer = observer;
  }

  /** Changes that can be rolled back. */
  get depth(): number {
    return this.#history.length;
  }

  /** Everything in all partitions. */
  get entries(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#states.flatMap(({ entries }) => [...entries]));
  }

  state(partition: PartitionId): State {
    return this.#states[partition] as State;
  }

  write(partition: PartitionId, batch: Batch, origin: number, half?: HalfRun): Receipt {
    const before = this.state(partition);
    const keys = [...batch.deletes, ...batch.sets.map(([key]) => key)];
    const previous = before.position;
    const position = { seq: previous.seq + 1, nonce: ++this.#nonce };
    if (half === 'position') {
      this.#change(partition, { ...before, position }, keys);
      return { position, existed: [] };
    }
    const entries = new Map(before.entries);
    const existed = batch.deletes.map((key) => entries.delete(key));
    for (const [key, bytes] of batch.sets) entries.set(key, bytes);
    const call = { position, keys: batch.clear ? undefined : keys };
    const calls = half === 'data' ? before.calls : [call, ...before.calls].slice(0, this.#logCalls);
    this.#change(partition, { position, entries, calls }, keys);
    this.#observer.applied(partition, batch);
    if (half === undefined) {
      const changes = batch.clear ? [] : changesOf(batch);
      for (const feed of this.feeds)
        feed.publish(partition, { previous, position, origin, clear: batch.clear, changes });
    }
    return { position, existed };
  }

  /** Everything is deleted, and nobody is told. */
  wipe(): void {
    this.#remember([...this.entries.keys()]);
    this.#states = this.#states.map(() => this.#empty());
    this.#observer.wiped();
  }

  deletePosition(partition: PartitionId): void {
    this.#change(partition, { ...this.state(partition), position: this.#begin() }, []);
  }

  deleteLog(partition: PartitionId): void {
    this.#change(partition, { ...this.state(partition), calls: [] }, []);
  }

  /** A failover to a replica that had not got the last `count` changes. */
  rollBack(count: number): void {
    const lost = this.#history.splice(-count);
    const [first] = lost;
    if (first === undefined) return;
    this.#states = first.states;
    this.#observer.rolledBack(new Set(lost.flatMap(({ keys }) => keys)));
  }

  #empty(): State {
    return { position: this.#begin(), entries: new Map(), calls: [] };
  }

  /** Where a history begins. No other one begins there. */
  #begin(): Position {
    return { seq: 0, nonce: ++this.#nonce };
  }

  #change(partition: PartitionId, state: State, keys: readonly string[]): void {
    this.#remember(keys);
    this.#states = this.#states.with(partition, state);
  }

  #remember(keys: readonly string[]): void {
    this.#history.push({ states: this.#states, keys });
    if (this.#history.length > MAX_DEPTH) this.#history.shift();
  }
}

function changesOf(batch: Batch): Change[] {
  const written = new Set(batch.sets.map(([key]) => key));
  return [
    ...batch.deletes.filter((key) => !written.has(key)).map((key) => ({ type: 'delete', key }) as const),
    ...batch.sets.map(([key, bytes]) =>
      bytes.length <= INLINE_BYTES
        ? ({ type: 'set', key, bytes } as const)
        : ({ type: 'set', key, bytes: undefined, version: versionOf(bytes) } as const),
    ),
  ];
}
