import { AmbiguousWriteError, UnavailableError } from '../../lib/errors.ts';
import { ORIGIN, type Position } from '../../lib/store/position.ts';
import type {
  Batch,
  Block,
  Change,
  FeedListener,
  LoggedCall,
  Message,
  Receipt,
  Snapshot,
  Space,
} from '../../lib/store/store.ts';
import { versionOf } from '../../lib/store/version.ts';

/** What a simulated server tells its test. */
export interface ServerObserver {
  /** A batch was applied, in whole or (a script that failed in the middle) in part. */
  applied(batch: Batch, space: SimulatedSpace): void;
  /** The last writes are lost; `keys` were touched by them. */
  rolledBack(keys: ReadonlySet<string>): void;
}

/** How far a script gets that fails in the middle: it moves the position; writes data, too; notes the call, too. */
export type Half = 'position' | 'data' | 'log';

/** The state before a write. */
interface Before {
  readonly position: Position;
  readonly entries: ReadonlyMap<string, Uint8Array>;
  readonly calls: readonly LoggedCall[];
  readonly keys: ReadonlySet<string>;
}

/** Calls that the change log holds. */
const LOG_CALLS = 4;

/** A server with one partition, whose every step is taken by the test. */
export class SimulatedServer {
  entries: Map<string, Uint8Array> = new Map<string, Uint8Array>();
  position: Position = ORIGIN;
  readonly spaces: SimulatedSpace[] = [];
  /** The change log, newest call first. */
  calls: readonly LoggedCall[] = [];
  readonly #history: Before[] = [];
  readonly #observer: ServerObserver;
  readonly #isInlined: (bytes: Uint8Array) => boolean;
  #nonce = 0;

  constructor(observer: ServerObserver, isInlined: (bytes: Uint8Array) => boolean) {
    this.#observer = observer;
    this.#isInlined = isInlined;
  }

  /** Writes that can be rolled back. */
  get depth(): number {
    return this.#history.length;
  }

  /** @param half - The script fails in the middle. */
  write(batch: Batch, space: SimulatedSpace, half?: Half): Receipt {
    const previous = this.position;
    const keys = new Set([...batch.deletes, ...batch.sets.map(([key]) => key)]);
    this.#history.push({ position: previous, entries: new Map(this.entries), calls: this.calls, keys });
    this.position = { seq: previous.seq + 1, nonce: ++this.#nonce };
    if (half === 'position') return { position: this.position, existed: [] };
    const existed = batch.deletes.map((key) => this.entries.delete(key));
    for (const [key, bytes] of batch.sets) this.entries.set(key, bytes);
    this.#observer.applied(batch, space);
    if (half === 'data') return { position: this.position, existed };
    const call = { position: this.position, keys: batch.clear ? undefined : [...keys] };
    this.calls = [call, ...this.calls].slice(0, LOG_CALLS);
    if (half === undefined) {
      const { position } = this;
      const changes = batch.clear ? [] : this.#changesOf(batch);
      for (const each of this.spaces)
        each.publish({ previous, position, origin: space.origin, clear: batch.clear, changes });
    }
    return { position: this.position, existed };
  }

  /** A failover to a replica that had not got the last `count` writes. */
  rollBack(count: number): void {
    const lost = this.#history.splice(-count);
    const [first] = lost;
    if (first === undefined) return;
    this.position = first.position;
    this.entries = new Map(first.entries);
    this.calls = first.calls;
    this.#observer.rolledBack(new Set(lost.flatMap(({ keys }) => [...keys])));
  }

  #changesOf(batch: Batch): Change[] {
    const written = new Set(batch.sets.map(([key]) => key));
    return [
      ...batch.deletes.filter((key) => !written.has(key)).map((key) => ({ type: 'delete', key }) as const),
      ...batch.sets.map(([key, bytes]) =>
        this.#isInlined(bytes)
          ? ({ type: 'set', key, bytes } as const)
          : ({ type: 'set', key, bytes: undefined, version: versionOf(bytes) } as const),
      ),
    ];
  }
}

interface Request {
  readonly isWrite: boolean;
  readonly deadline: number;
  readonly run: (half?: Half) => void;
  readonly reply: () => void;
  readonly reject: (error: Error) => void;
  state: 'waiting' | 'executed';
  /** Replaces the reply. */
  failure: Error | undefined;
}

type FeedItem = { readonly type: 'live' | 'garbled' } | { readonly type: 'message'; readonly message: Message };

/** The two entries behind `cursor`. */
export function blockOf(
  position: Position,
  entries: ReadonlyMap<string, Uint8Array>,
  prefix: string,
  cursor: string,
): Block {
  const left = [...entries.keys()].filter((key) => key.startsWith(prefix) && key > cursor).toSorted();
  const keys = left.slice(0, 2);
  return { position, keys, values: keys.map((key) => entries.get(key)), next: left.length > 2 ? keys[1] : undefined };
}

/** One client's connections to a simulated server: commands in order, messages in order, neither before the test says so. */
export class SimulatedSpace implements Space {
  readonly origin: number;
  readonly #server: SimulatedServer;
  #requests: Request[] = [];
  #isConnected = true;
  #feed: FeedItem[] = [];
  #feedState: 'down' | 'up' | 'mute' = 'down';
  #listener: FeedListener | undefined;
  #wasLive = false;
  /** Told of every batch that is sent. */
  onSend: (batch: Batch) => void = () => {};

  constructor(server: SimulatedServer, origin: number) {
    this.#server = server;
    this.origin = origin;
    server.spaces.push(this);
  }

  // The contract

  read(_partition: number, keys: readonly string[], deadline: number): Promise<Snapshot> {
    return this.#request(false, deadline, () => ({
      position: this.#server.position,
      values: keys.map((key) => this.#server.entries.get(key)),
    }));
  }

  write(_partition: number, batch: Batch, deadline: number): Promise<Receipt> {
    this.onSend(batch);
    return this.#request(true, deadline, (half) => this.#server.write(batch, this, half));
  }

  position(_partition: number, deadline: number): Promise<Position> {
    return this.#request(false, deadline, () => this.#server.position);
  }

  log(_partition: number, deadline: number): Promise<readonly LoggedCall[]> {
    return this.#request(false, deadline, () => this.#server.calls);
  }

  async *scan(prefix: string, deadline: () => number): AsyncGenerator<readonly string[]> {
    yield await this.#request(false, deadline(), () =>
      [...this.#server.entries.keys()].filter((key) => key.startsWith(prefix)),
    );
  }

  /** Two entries at a time. */
  block(_partition: number, prefix: string, cursor: string, deadline: number): Promise<Block> {
    return this.#request(false, deadline, () => blockOf(this.#server.position, this.#server.entries, prefix, cursor));
  }

  async follow(_partition: number, listener: FeedListener): Promise<void> {
    this.#listener = listener;
    this.restoreFeed();
  }

  unfollow(): void {
    this.cutFeed();
    this.#listener = undefined;
  }

  distrust(): void {
    this.cutFeed();
  }

  async close(): Promise<void> {
    this.cut(() => 0);
    this.#feedState = 'down';
  }

  // Steps of the command connection

  get canExecute(): boolean {
    return this.#isConnected && this.#requests.some(({ state }) => state === 'waiting');
  }

  get canReply(): boolean {
    return this.#isConnected && this.#requests[0]?.state === 'executed';
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** @param mishap - For a write: refused by the server, or its script fails in the middle. */
  execute(mishap?: 'refused' | Half): void {
    const request = this.#requests.find(({ state }) => state === 'waiting');
    if (request === undefined) return;
    request.state = 'executed';
    if (!request.isWrite || mishap === undefined) request.run();
    else if (mishap === 'refused') request.failure = new UnavailableError('Simulated: refused.');
    else {
      request.run(mishap);
      request.failure = new AmbiguousWriteError('Simulated: the script failed in the middle.');
    }
  }

  reply(): void {
    const request = this.#requests.shift();
    if (request?.failure === undefined) request?.reply();
    else request.reject(request.failure);
  }

  /** The connection breaks. `pick` decides with 0 or 1 whether what was sent still runs. */
  cut(pick: () => number): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    let runs = true;
    for (const request of this.#requests) {
      if (request.state === 'waiting') {
        runs &&= pick() === 1;
        if (runs) request.run();
      }
      request.reject(
        request.isWrite
          ? new AmbiguousWriteError('Simulated: the connection broke.')
          : new UnavailableError('Simulated: the connection broke.'),
      );
    }
    this.#requests = [];
  }

  connect(): void {
    this.#isConnected = true;
  }

  /** Ends what has run out of time. What was sent may still run later. */
  expire(now: number): void {
    for (const request of this.#requests) {
      if (request.deadline > now) continue;
      const isSafe = !request.isWrite || !this.#isConnected;
      const error = isSafe ? UnavailableError : AmbiguousWriteError;
      request.reject(new error('Simulated: no reply in time.'));
    }
    if (!this.#isConnected) this.#requests = this.#requests.filter(({ deadline }) => deadline > now);
  }

  #request<R>(isWrite: boolean, deadline: number, execute: (half?: Half) => R): Promise<R> {
    return new Promise((resolve, reject) => {
      let result: R;
      this.#requests.push({
        isWrite,
        deadline,
        run: (half) => {
          result = execute(half);
        },
        reply: () => {
          resolve(result);
        },
        reject,
        state: 'waiting',
        failure: undefined,
      });
    });
  }

  // Steps of the feed

  get feedState(): 'down' | 'up' | 'mute' {
    return this.#feedState;
  }

  get canDeliver(): boolean {
    return this.#feed.length > 0;
  }

  publish(message: Message): void {
    if (this.#feedState === 'up') this.#feed.push({ type: 'message', message });
  }

  deliver(): void {
    const item = this.#feed.shift();
    if (item?.type === 'message') this.#listener?.message(item.message);
    else if (item?.type === 'garbled') this.#listener?.garbled();
    else if (item?.type === 'live') {
      this.#wasLive = true;
      this.#listener?.live();
    }
  }

  /** What happens to the next message without anybody noticing. */
  spoil(how: 'lose' | 'repeat' | 'garble'): void {
    const [item] = this.#feed;
    if (item?.type !== 'message') return;
    if (how === 'lose') this.#feed.shift();
    else if (how === 'garble') this.#feed[0] = { type: 'garbled' };
    else this.#feed.splice(Math.min(2, this.#feed.length), 0, item);
  }

  /** The server has forgotten the subscription; the connection seems well. */
  mute(): void {
    if (this.#feedState === 'up') this.#feedState = 'mute';
  }

  cutFeed(): void {
    this.#feedState = 'down';
    this.#feed = [];
    if (!this.#wasLive) return;
    this.#wasLive = false;
    this.#listener?.interrupted();
  }

  restoreFeed(): void {
    if (this.#feedState !== 'down') return;
    this.#feedState = 'up';
    this.#feed.push({ type: 'live' });
  }
}
