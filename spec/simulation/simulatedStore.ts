import { ClosedError, ConnectTimeoutError } from '../../lib/errors.ts';
import type { Position } from '../../lib/store/position.ts';
import type {
  Batch,
  Block,
  FeedListener,
  LoggedCall,
  PartitionId,
  Receipt,
  Snapshot,
  Space,
  SpaceOptions,
  Store,
} from '../../lib/store/store.ts';
import { blockOf } from '../support/simulatedStore.ts';
import type { DataConnection } from './dataConnection.ts';
import type { FeedConnection } from './feedConnection.ts';
import type { SimulatedServer } from './simulatedServer.ts';

/** Told of the write calls of one handle. */
export interface WriteObserver {
  sent(batch: Batch): void;
  rejected(batch: Batch, error: unknown): void;
}

/** What a process has: connections that its handles share. */
export interface Connections {
  readonly data: DataConnection;
  readonly feed: FeedConnection;
}

/** The store of one handle, over the connections of its process. */
export function simulatedStore(server: SimulatedServer, connections: Connections, observer: WriteObserver): Store {
  return {
    name: 'simulated',
    defaultPartitions: 1,
    async open(options, deadline) {
      await connections.data.request(false, deadline, () => {});
      return new SimulatedSpace(server, connections, options, observer);
    },
  };
}

class SimulatedSpace implements Space {
  /** Half of the handles are of a store that has it: the seed decides. */
  readonly block: Space['block'];
  readonly #server: SimulatedServer;
  readonly #data: DataConnection;
  readonly #feed: FeedConnection;
  readonly #options: SpaceOptions;
  readonly #observer: WriteObserver;
  readonly #endings: ((error: Error) => void)[] = [];
  /** What the feed tells, by who is told in the end. */
  readonly #listeners = new Map<FeedListener, FeedListener>();
  #isClosed = false;

  constructor(server: SimulatedServer, { data, feed }: Connections, options: SpaceOptions, observer: WriteObserver) {
    this.#server = server;
    this.#data = data;
    this.#feed = feed;
    this.#options = options;
    this.#observer = observer;
    if (Math.random() < 0.5) this.block = (...args) => this.#readBlock(...args);
  }

  async read(partition: PartitionId, keys: readonly string[], deadline: number): Promise<Snapshot> {
    this.#assertOpen();
    return this.#data.request(false, deadline, () => {
      const { position, entries } = this.#server.state(partition);
      return { position, values: keys.map((key) => entries.get(key)) };
    });
  }

  async #readBlock(partition: PartitionId, prefix: string, cursor: string, deadline: number): Promise<Block> {
    this.#assertOpen();
    return this.#data.request(false, deadline, () => {
      const { position, entries } = this.#server.state(partition);
      return blockOf(position, entries, prefix, cursor);
    });
  }

  async write(partition: PartitionId, batch: Batch, deadline: number): Promise<Receipt> {
    this.#assertOpen();
    this.#observer.sent(batch);
    try {
      const { origin } = this.#options;
      return await this.#data.request(true, deadline, (half) => this.#server.write(partition, batch, origin, half));
    } catch (error) {
      this.#observer.rejected(batch, error);
      throw error;
    }
  }

  async position(partition: PartitionId, deadline: number): Promise<Position> {
    this.#assertOpen();
    return this.#data.request(false, deadline, () => this.#server.state(partition).position);
  }

  async log(partition: PartitionId, deadline: number): Promise<readonly LoggedCall[]> {
    this.#assertOpen();
    return this.#data.request(false, deadline, () => this.#server.state(partition).calls);
  }

  async *scan(prefix: string, deadline: () => number): AsyncGenerator<readonly string[]> {
    this.#assertOpen();
    yield await this.#data.request(false, deadline(), () =>
      [...this.#server.entries.keys()].filter((key) => key.startsWith(prefix)),
    );
  }

  async follow(partition: PartitionId, listener: FeedListener, deadline: number): Promise<void> {
    this.#assertOpen();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ConnectTimeoutError('Simulated: the subscription was not confirmed.'));
      }, deadline - performance.now());
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        settle();
      };
      this.#endings.push((error) => {
        end(() => {
          reject(error);
        });
      });
      const told = withFirstLive(listener, () => {
        end(resolve);
      });
      this.#listeners.set(listener, told);
      this.#feed.follow(partition, told);
    });
  }

  unfollow(_partition: PartitionId, listener: FeedListener): void {
    const told = this.#listeners.get(listener);
    if (told !== undefined) this.#feed.unfollow(told);
    this.#listeners.delete(listener);
  }

  distrust(): void {
    if (!this.#isClosed) this.#feed.renew();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const told of this.#listeners.values()) this.#feed.unfollow(told);
    for (const end of this.#endings) end(new ClosedError(this.#options.namespace));
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError(this.#options.namespace);
  }
}

function withFirstLive(listener: FeedListener, onLive: () => void): FeedListener {
  return {
    live() {
      listener.live();
      onLive();
    },
    interrupted() {
      listener.interrupted();
    },
    message(message) {
      listener.message(message);
    },
    foreign(key, type) {
      listener.foreign(key, type);
    },
    invalidated(key) {
      listener.invalidated(key);
    },
    invalidatedAll() {
      listener.invalidatedAll();
    },
    garbled() {
      listener.garbled();
    },
  };
}
