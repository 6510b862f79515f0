import { AmbiguousWriteError, type Space, type Store, UnavailableError } from 'neardict';
import { Deadlines } from '../../lib/store/deadline.ts';
import { wrapStore } from './wrapStore.ts';

/** A store in memory that can be taken away. */
export interface UnreliableStore {
  readonly store: Store;
  /**
   * - `up`: everything is answered.
   * - `refusing`: every call fails at once, and changes nothing.
   * - `silent`: no call is answered by its deadline.
   * - `dead`: calls never end, against the contract.
   */
  mode: 'up' | 'refusing' | 'silent' | 'dead';
  /** Calls of each kind so far. */
  readonly calls: Record<'read' | 'write' | 'position', number>;
  /** Writes that were not answered by their deadline. */
  givenUp: number;
  /** Feeds that were opened; the newest is the last. */
  readonly feeds: { live(): void; interrupted(): void; garbled(): void }[];
  /** Whether messages are lost on their way. */
  isDeaf: boolean;
}

export function unreliableStore(): UnreliableStore {
  const deadlines = new Deadlines({ resolutionMs: 5, keepsAlive: false });
  const never = new Promise<never>(() => {});
  const call = <R>(
    kind: 'read' | 'write' | 'position',
    deadline: number,
    late: () => Error,
    pass: () => Promise<R>,
  ): Promise<R> => {
    control.calls[kind]++;
    if (control.mode === 'up') return pass();
    if (control.mode === 'refusing') return Promise.reject(new UnavailableError('The store refuses.'));
    return control.mode === 'silent' ? deadlines.within(never, deadline, late) : never;
  };
  const noReply = (): Error => new UnavailableError('The store is silent.');
  const noOutcome = (): Error => {
    control.givenUp++;
    return new AmbiguousWriteError('The store is silent.');
  };
  const control: UnreliableStore = {
    mode: 'up',
    calls: { read: 0, write: 0, position: 0 },
    givenUp: 0,
    feeds: [],
    isDeaf: false,
    store: wrapStore((space): Partial<Space> => ({
      read: (partition, keys, deadline) => call('read', deadline, noReply, () => space.read(partition, keys, deadline)),
      write: (partition, batch, deadline) =>
        call('write', deadline, noOutcome, () => space.write(partition, batch, deadline)),
      position: (partition, deadline) => call('position', deadline, noReply, () => space.position(partition, deadline)),
      follow(partition, listener, deadline) {
        control.feeds.push(listener);
        return space.follow(
          partition,
          {
            live: () => {
              listener.live();
            },
            interrupted: () => {
              listener.interrupted();
            },
            message: (message) => {
              if (!control.isDeaf) listener.message(message);
            },
            foreign: (...args) => {
              if (!control.isDeaf) listener.foreign(...args);
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
          },
          deadline,
        );
      },
    })),
  };
  return control;
}
