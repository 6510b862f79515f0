import type { Position } from '../store/position.ts';
import type {
  Batch,
  Block,
  Deadline,
  FeedListener,
  LoggedCall,
  Message,
  PartitionId,
  PeerAnswers,
  Receipt,
  Snapshot,
  Space,
} from '../store/store.ts';
import { channels, type MessageEvent, type ReadEvent, type TelemetryEvent, type WriteEvent } from './channels.ts';

/** A space that knows of peers, be it of none. */
type PeerSpace = Space & Required<Pick<Space, 'answerPeers' | 'askPeers'>>;

/** A space that publishes its reads, writes and messages. Without subscribers each costs one comparison. */
export class TracedSpace implements PeerSpace {
  readonly block: Space['block'];
  readonly #space: PeerSpace;
  readonly #about: TelemetryEvent;
  readonly #origin: number;
  readonly #listeners = new WeakMap<FeedListener, FeedListener>();

  /** @param origin - Marks the messages of the dictionary's own writes. */
  constructor(space: PeerSpace, about: TelemetryEvent, origin: number) {
    const block = space.block?.bind(space);
    this.block = block && ((...args) => this.#traceBlock(args[0], () => block(...args)));
    this.#space = space;
    this.#about = about;
    this.#origin = origin;
  }

  read(partition: PartitionId, keys: readonly string[], deadline: Deadline): Promise<Snapshot> {
    if (!channels.read.hasSubscribers) return this.#space.read(partition, keys, deadline);
    return this.#traceRead({ ...this.#about, partition, keys }, deadline);
  }

  write(partition: PartitionId, batch: Batch, deadline: Deadline): Promise<Receipt> {
    if (!channels.write.hasSubscribers) return this.#space.write(partition, batch, deadline);
    return this.#traceWrite({ ...this.#about, partition, ...describe(batch) }, batch, deadline);
  }

  position(partition: PartitionId, deadline: Deadline): Promise<Position> {
    return this.#space.position(partition, deadline);
  }

  log(partition: PartitionId, deadline: Deadline): Promise<readonly LoggedCall[]> {
    return this.#space.log(partition, deadline);
  }

  scan(prefix: string, deadline: () => Deadline, isRough?: boolean): AsyncIterable<readonly string[]> {
    return this.#space.scan(prefix, deadline, isRough);
  }

  follow(partition: PartitionId, listener: FeedListener, deadline: Deadline): Promise<void> {
    const traced = this.#listeners.get(listener) ?? this.#traceFeed(partition, listener);
    this.#listeners.set(listener, traced);
    return this.#space.follow(partition, traced, deadline);
  }

  unfollow(partition: PartitionId, listener: FeedListener): void {
    this.#space.unfollow(partition, this.#listeners.get(listener) ?? listener);
  }

  distrust(partition: PartitionId): void {
    this.#space.distrust(partition);
  }

  answerPeers(tell: () => string): void {
    this.#space.answerPeers(tell);
  }

  askPeers(deadline: Deadline): Promise<PeerAnswers> {
    return this.#space.askPeers(deadline);
  }

  close(): Promise<void> {
    return this.#space.close();
  }

  /** What the channel gets to see is a number, and no stored bytes. */
  async #traceRead(event: ReadEvent & { readonly partition: PartitionId }, deadline: Deadline): Promise<Snapshot> {
    let snapshot!: Snapshot;
    await channels.read.tracePromise(async () => {
      snapshot = await this.#space.read(event.partition, event.keys, deadline);
      return snapshot.values.filter((value) => value !== undefined).length;
    }, event);
    return snapshot;
  }

  /** Which keys it reads is known behind it. */
  async #traceBlock(partition: PartitionId, read: () => Promise<Block>): Promise<Block> {
    if (!channels.read.hasSubscribers) return read();
    const event = { ...this.#about, partition, keys: [] as readonly string[] };
    let block!: Block;
    await channels.read.tracePromise(async () => {
      block = await read();
      event.keys = block.keys;
      return block.values.filter((value) => value !== undefined).length;
    }, event);
    return block;
  }

  async #traceWrite(event: WriteEvent, batch: Batch, deadline: Deadline): Promise<Receipt> {
    let receipt!: Receipt;
    await channels.write.tracePromise(async () => {
      receipt = await this.#space.write(event.partition, batch, deadline);
      return receipt.conflicts?.length ?? 0;
    }, event);
    return receipt;
  }

  #traceFeed(partition: PartitionId, listener: FeedListener): FeedListener {
    const publish = ({ changes, clear, origin }: Message): void => {
      const event: MessageEvent = {
        ...this.#about,
        partition,
        keys: changes.map(({ key }) => key),
        clear,
        local: origin === this.#origin,
      };
      channels.message.publish(event);
    };
    return {
      live: () => {
        listener.live();
      },
      interrupted: () => {
        listener.interrupted();
      },
      message: (message) => {
        if (channels.message.hasSubscribers) publish(message);
        listener.message(message);
      },
      foreign: (key, type) => {
        listener.foreign(key, type);
      },
      invalidated: (key) => {
        listener.invalidated(key);
      },
      invalidatedAll: () => {
        listener.invalidatedAll();
      },
      garbled: () => {
        listener.garbled();
      },
    };
  }
}

function describe({ deletes, sets, clear }: Batch): Pick<WriteEvent, 'keys' | 'sets' | 'deletes' | 'clear' | 'bytes'> {
  return {
    keys: [...deletes, ...sets.map(([key]) => key)],
    sets: sets.length,
    deletes: deletes.length,
    clear,
    bytes: sets.reduce((total, [, bytes]) => total + bytes.length, 0),
  };
}
