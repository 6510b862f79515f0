import { AmbiguousWriteError, type Space, type Store, UnavailableError } from 'neardict';
import type { Batch, Receipt } from '../../../lib/store/store.ts';
import { wrapStore } from '../../support/wrapStore.ts';

/** How a call ends. */
export type End = 'answered' | 'answer lost' | 'lost' | 'refused';

interface Call {
  end(how: End): Promise<void>;
}

export interface SlowStoreOptions {
  /** What the store did, whether or not its answer arrives. */
  readonly onAnswer: (batch: Batch, receipt: Receipt) => void;
  readonly onRead: (key: string) => void;
  /** Changes batches on their way. */
  readonly alter: (batch: Batch) => Batch;
  /** Whether the next read waits to be released. */
  readonly holdsRead: () => boolean;
}

/** A store in memory that waits with each call until it is told how it ends. */
export class SlowStore {
  readonly store: Store;
  readonly writes: Call[] = [];
  readonly reads: (() => void)[] = [];

  constructor(options: SlowStoreOptions) {
    this.store = wrapStore((space) => ({
      write: (partition, batch, deadline) => this.#write(space, partition, options.alter(batch), deadline, options),
      read: async (partition, keys, deadline) => {
        if (options.holdsRead()) await new Promise<void>((resolve) => this.reads.push(resolve));
        for (const key of keys) options.onRead(key);
        return space.read(partition, keys, deadline);
      },
    }));
  }

  #write(space: Space, ...args: [...Parameters<Space['write']>, SlowStoreOptions]): Promise<Receipt> {
    const [partition, batch, deadline, { onAnswer }] = args;
    return new Promise((resolve, reject) => {
      this.writes.push({
        async end(how) {
          if (how === 'refused') return reject(new UnavailableError('refused'));
          if (how === 'lost') return reject(new AmbiguousWriteError('lost'));
          const receipt = await space.write(partition, batch, deadline + 1e6);
          onAnswer(batch, receipt);
          if (how === 'answered') resolve(receipt);
          else reject(new AmbiguousWriteError('answer lost'));
        },
      });
    });
  }
}
