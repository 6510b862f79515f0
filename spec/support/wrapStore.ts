import { type FeedListener, memoryStore, type Space, type Store } from 'neardict';

/** A store that does what `store` does, except for the calls that `wrap` answers itself. */
export function wrapStore(wrap: (space: Space) => Partial<Space>, store: Store = memoryStore()): Store {
  return {
    ...store,
    async open(options, deadline) {
      const space = await store.open(options, deadline);
      return { ...delegate(space), ...wrap(space) };
    },
  };
}

function delegate(space: Space): Space {
  return {
    read: (...args) => space.read(...args),
    write: (...args) => space.write(...args),
    position: (...args) => space.position(...args),
    log: (...args) => space.log(...args),
    scan: (...args) => space.scan(...args),
    block: space.block?.bind(space),
    follow: (...args) => space.follow(...args),
    unfollow: (...args) => {
      space.unfollow(...args);
    },
    distrust: (...args) => {
      space.distrust(...args);
    },
    close: () => space.close(),
  };
}

/** The store, which notes the keys of every read. Default: one in memory. */
export function recordReads(store?: Store): { readonly store: Store; readonly reads: (readonly string[])[] } {
  const reads: (readonly string[])[] = [];
  const recording = wrapStore(
    (space) => ({
      read(partition, keys, deadline) {
        reads.push([...keys]);
        return space.read(partition, keys, deadline);
      },
    }),
    store,
  );
  return { store: recording, reads };
}

/** The store, and the listeners of its feeds: the newest is the last. */
export function recordFeeds(store: Store): { readonly store: Store; readonly feeds: readonly FeedListener[] } {
  const feeds: FeedListener[] = [];
  const recording = wrapStore(
    (space) => ({
      follow(partition, listener, deadline) {
        feeds.push(listener);
        return space.follow(partition, listener, deadline);
      },
    }),
    store,
  );
  return { store: recording, feeds };
}

/** A gate that calls wait at until it is opened. */
export interface Gate {
  /** Resolves when the first call waits. */
  readonly reached: Promise<void>;
  open(): void;
  /** Waits until the gate is open. */
  pass(): Promise<void>;
}

export function gate(): Gate {
  let open!: () => void;
  let arrive!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return {
    reached,
    open,
    pass() {
      arrive();
      return opened;
    },
  };
}
