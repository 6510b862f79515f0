import {
  type NearDict,
  type OpenOptions,
  openDict,
  type Store,
  UnavailableError,
  type WriteBackMode,
  type WriteConflict,
} from 'neardict';
import { freshNamespace } from './openInMemory.ts';
import { until } from './until.ts';
import { wrapStore } from './wrapStore.ts';

export type Numbers = NearDict<Record<string, number>>;

export interface Pair extends AsyncDisposable {
  /** Keeps its assignments until it is told to flush. */
  readonly back: Numbers;
  /** Another process. */
  readonly other: Numbers;
  readonly conflicts: WriteConflict[];
}

export async function openPair(mode: Partial<WriteBackMode> = {}, options: Partial<OpenOptions> = {}): Promise<Pair> {
  const namespace = freshNamespace();
  const back = await openDict<Record<string, number>>({
    namespace,
    write: { mode: 'back', flushInterval: '1h', ...mode },
    ...options,
  });
  const other = await openDict<Record<string, number>>({ namespace });
  const conflicts: WriteConflict[] = [];
  back.on('conflict', (conflict) => conflicts.push(conflict));
  return {
    back,
    other,
    conflicts,
    async [Symbol.asyncDispose]() {
      await back.close().catch(() => {});
      await other.close();
    },
  };
}

/** Waits until `back` has heard what `other` wrote. */
export async function heard(back: Numbers, other: Numbers): Promise<void> {
  await other.set('heard', Math.random());
  const { value } = (await other.getEntry('heard')) ?? {};
  await until('the messages are there', async () => (await back.get('heard')) === value);
}

/** A store whose writes can be made to fail. */
export function unreliable(): {
  readonly store: Store;
  fail: ((write: () => Promise<unknown>) => Promise<never>) | undefined;
} {
  const control: ReturnType<typeof unreliable> = {
    store: wrapStore((space) => ({
      async write(...args) {
        return control.fail === undefined ? space.write(...args) : control.fail(() => space.write(...args));
      },
    })),
    fail: undefined,
  };
  return control;
}

export const away = async (): Promise<never> => {
  throw new UnavailableError('away');
};
