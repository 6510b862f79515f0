import { AmbiguousWriteError, ConnectTimeoutError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../../store/deadline.ts';
import type { Position } from '../../store/position.ts';
import type {
  Batch,
  Deadline,
  FeedListener,
  LoggedCall,
  PartitionId,
  PeerAnswers,
  Receipt,
  Snapshot,
  Space,
} from '../../store/store.ts';
import type { CallKind, Faults } from './faults.ts';
import { FaultyFeed } from './faultyFeed.ts';

const never = new Promise<never>(() => {});

/** Who counts. */
export interface SpaceHost {
  called(kind: CallKind): void;
  closed(): void;
}

/** A space as one sees it over a connection on which something may be wrong. */
export class FaultySpace implements Space {
  readonly #space: Space;
  readonly #faults: Faults;
  readonly #host: SpaceHost;
  readonly #deadlines = new Deadlines({ resolutionMs: 5, keepsAlive: false });
  #feeds: FaultyFeed[] = [];

  constructor(space: Space, faults: Faults, host: SpaceHost) {
    this.#space = space;
    this.#faults = faults;
    this.#host = host;
    faults.watchers.add(this.#adapt);
  }

  read(partition: PartitionId, keys: readonly string[], deadline: Deadline): Promise<Snapshot> {
    return this.#call('read', deadline, () => this.#space.read(partition, keys, deadline));
  }

  write(partition: PartitionId, batch: Batch, deadline: Deadline): Promise<Receipt> {
    return this.#call('write', deadline, () => this.#space.write(partition, batch, deadline), noOutcome);
  }

  position(partition: PartitionId, deadline: Deadline): Promise<Position> {
    return this.#call('position', deadline, () => this.#space.position(partition, deadline));
  }

  log(partition: PartitionId, deadline: Deadline): Promise<readonly LoggedCall[]> {
    return this.#call('log', deadline, () => this.#space.log(partition, deadline));
  }

  async *scan(prefix: string, deadline: () => Deadline): AsyncGenerator<readonly string[]> {
    const batches = this.#space.scan(prefix, deadline)[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.#call('scan', deadline(), () => batches.next());
      if (done === true) return;
      yield value;
    }
  }

  async follow(partition: PartitionId, listener: FeedListener, deadline: Deadline): Promise<void> {
    const feed = new FaultyFeed(listener, this.#faults);
    this.#feeds.push(feed);
    await this.#space.follow(partition, feed, deadline);
    await this.#deadlines.within(feed.wasLive, deadline, noFeed);
  }

  unfollow(partition: PartitionId, listener: FeedListener): void {
    const [left, kept] = [true, false].map((isLeft) =>
      this.#feeds.filter((feed) => (feed.listener === listener) === isLeft),
    ) as [FaultyFeed[], FaultyFeed[]];
    this.#feeds = kept;
    for (const feed of left) {
      feed.close();
      this.#space.unfollow(partition, feed);
    }
  }

  distrust(): void {
    // What is lost here is lost on purpose.
  }

  answerPeers(describe: () => string): void {
    this.#space.answerPeers?.(describe);
  }

  askPeers(deadline: Deadline): Promise<PeerAnswers> {
    const pass = async (): Promise<PeerAnswers> =>
      (await this.#space.askPeers?.(deadline)) ?? { answers: [], heard: undefined };
    return this.#call('peers', deadline, pass);
  }

  async close(): Promise<void> {
    if (this.#faults.watchers.delete(this.#adapt)) this.#host.closed();
    for (const feed of this.#feeds) feed.close();
    await this.#space.close();
  }

  readonly #adapt = (): void => {
    for (const feed of this.#feeds) feed.adapt();
  };

  #call<R>(kind: CallKind, deadline: Deadline, pass: () => Promise<R>, late: () => Error = noAnswer): Promise<R> {
    this.#host.called(kind);
    const fate = this.#faults.fateOf(kind);
    if (fate === 'refused') return Promise.reject(new UnavailableError('The test store refuses.'));
    const reply = fate === 'unanswered' ? never : this.#later(kind, pass());
    return this.#deadlines.within(reply, deadline, late);
  }

  /** The reply when it arrives. */
  async #later<R>(kind: CallKind, reply: Promise<R>): Promise<R> {
    const { delayMs } = this.#faults;
    const held = this.#faults.held(kind);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
    await held;
    return reply;
  }
}

function noAnswer(): Error {
  return new UnavailableError('The test store did not answer in time.');
}

function noOutcome(): Error {
  return new AmbiguousWriteError('The test store did not say in time what became of the write.');
}

function noFeed(): Error {
  return new ConnectTimeoutError('The test store did not confirm the feed of changes in time.');
}
