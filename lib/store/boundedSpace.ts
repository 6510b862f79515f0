import { AmbiguousWriteError, ConnectTimeoutError, UnavailableError } from '../errors.ts';
import { Deadlines } from './deadline.ts';
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
  SpaceOptions,
  Store,
} from './store.ts';
import type { Position } from './position.ts';

/** How much later than its deadline a call may end: a store that ends it itself knows better how it ended. */
const GRACE_MS = 1000;

/**
 * A space whose calls all end, whatever its store does.
 *
 * A store has to keep its deadlines. One that does not, because of a lost callback in an adapter, would otherwise hold
 * up every write behind its own, and `close()`. Reads and writes that are punctual by themselves are passed on: a second
 * bound would cost each of them two promises more.
 */
export class BoundedSpace implements Space {
  readonly block: Space['block'];
  readonly #space: Space;
  readonly #closeMs: number;
  readonly #deadlines = new Deadlines();
  /** For calls that nobody waits for. */
  readonly #idleDeadlines = new Deadlines({ keepsAlive: false });

  /** @param closeMs - Longest time that `close()` may take, in milliseconds. */
  constructor(space: Space, closeMs: number) {
    this.#space = space;
    this.#closeMs = closeMs;
    const block = space.block?.bind(space);
    this.block = block && ((...args) => this.#bound(() => block(...args), args[3], noAnswer));
  }

  /**
   * Opens a namespace of `store`.
   *
   * @throws {ConnectTimeoutError} Also when the store does not keep the deadline. What it opens later is closed.
   */
  static async open(store: Store, options: SpaceOptions, deadline: Deadline, closeMs: number): Promise<BoundedSpace> {
    const opening = store.open(options, deadline);
    let isLate = false;
    const close = (space: Space): void => {
      if (isLate) space.close().catch(() => {});
    };
    opening.then(close, () => {});
    const space = await new Deadlines().within(opening, deadline + GRACE_MS, () => {
      isLate = true;
      return new ConnectTimeoutError(`The store '${store.name}' did not answer within connectTimeout.`);
    });
    return new BoundedSpace(space, closeMs);
  }

  read(partition: PartitionId, keys: readonly string[], deadline: Deadline): Promise<Snapshot> {
    if (this.#space.isPunctual === true) return this.#space.read(partition, keys, deadline);
    return this.#bound(() => this.#space.read(partition, keys, deadline), deadline, noAnswer);
  }

  write(partition: PartitionId, batch: Batch, deadline: Deadline): Promise<Receipt> {
    if (this.#space.isPunctual === true) return this.#space.write(partition, batch, deadline);
    return this.#bound(() => this.#space.write(partition, batch, deadline), deadline, noOutcome);
  }

  position(partition: PartitionId, deadline: Deadline): Promise<Position> {
    return this.#bound(() => this.#space.position(partition, deadline), deadline, noAnswer, this.#idleDeadlines);
  }

  log(partition: PartitionId, deadline: Deadline): Promise<readonly LoggedCall[]> {
    return this.#bound(() => this.#space.log(partition, deadline), deadline, noAnswer, this.#idleDeadlines);
  }

  async *scan(prefix: string, deadline: () => Deadline, isRough?: boolean): AsyncGenerator<readonly string[]> {
    const batches = this.#space.scan(prefix, deadline, isRough)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.#bound(() => batches.next(), deadline(), noAnswer);
        if (done === true) return;
        yield value;
      }
    } finally {
      // It may wait for the store still, and nobody waits for it.
      batches.return?.().catch(() => {});
    }
  }

  follow(partition: PartitionId, listener: FeedListener, deadline: Deadline): Promise<void> {
    const call = (): Promise<void> => this.#space.follow(partition, listener, deadline);
    return this.#bound(call, deadline, noFeed, this.#idleDeadlines);
  }

  unfollow(partition: PartitionId, listener: FeedListener): void {
    this.#space.unfollow(partition, listener);
  }

  distrust(partition: PartitionId): void {
    this.#space.distrust(partition);
  }

  answerPeers(describe: () => string): void {
    this.#space.answerPeers?.(describe);
  }

  async askPeers(deadline: Deadline): Promise<PeerAnswers> {
    const asking = this.#space.askPeers?.bind(this.#space);
    return asking === undefined ? { answers: [], heard: 0 } : this.#bound(() => asking(deadline), deadline, noAnswer);
  }

  async close(): Promise<void> {
    const deadline = performance.now() + this.#closeMs;
    try {
      await this.#bound(() => this.#space.close(), deadline, notClosed);
    } finally {
      // Calls that never end are nobody's any more.
      this.#deadlines.release();
    }
  }

  #bound<R>(
    call: () => Promise<R>,
    deadline: Deadline,
    expired: () => Error,
    deadlines: Deadlines = this.#deadlines,
  ): Promise<R> {
    try {
      return deadlines.within(call(), deadline + GRACE_MS, expired);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

function noAnswer(): Error {
  return new UnavailableError('The store did not answer, and did not say so by the deadline.');
}

function noOutcome(): Error {
  return new AmbiguousWriteError('The store did not say by the deadline what became of the write.');
}

function noFeed(): Error {
  return new ConnectTimeoutError('The store did not confirm the feed of changes within connectTimeout.');
}

function notClosed(): Error {
  return new UnavailableError('The store did not close in time. What it opened may be open still.');
}
