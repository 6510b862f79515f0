import type { OpenOptions } from '../../lib/options.ts';
import type { Chance } from './chance.ts';
import type { ServerOptions } from './simulatedServer.ts';

export const MAX_STALENESS_MS = 100;
export const VERIFY_INTERVAL_MS = 20;

/** What one run is made of. */
export interface Profile {
  /** Number of handles of each process. */
  readonly handles: readonly number[];
  readonly options: Pick<OpenOptions, 'cache' | 'values'> & {
    readonly timeout: number;
    readonly partitions: number;
    readonly staleIfError: number | undefined;
  };
  readonly server: ServerOptions;
  /** Whether every handle is looked into after every event. It keeps the handles in use. */
  readonly isProbed: boolean;
  /** Weights of events, beside those that are the same in every run. */
  readonly write: number;
  readonly deliver: number;
  readonly wait: number;
  readonly watch: number;
  readonly clear: number;
  readonly close: number;
  readonly cut: number;
  readonly cutFeed: number;
  readonly spoil: number;
  readonly mute: number;
  readonly hold: number;
  readonly overtake: number;
  readonly mishap: number;
  readonly failover: number;
  readonly pause: number;
  readonly wipe: number;
}

export function drawProfile(chance: Chance): Profile {
  const partitions = chance.pick([1, 1, 3]);
  const some = (weight: number): number => (chance.is(0.35) ? weight : 0);
  const cache = chance.pick([
    { maxItems: 100, maxAge: 1000 },
    { maxItems: 100 },
    { maxItems: 1 },
    'all',
    false,
  ] as const);
  return {
    handles: chance.pick([
      [1, 1],
      [1, 1],
      [2, 1],
      [1, 1, 1],
    ]),
    options: {
      cache,
      values: chance.pick(['frozen', 'frozen', 'clone']),
      timeout: chance.pick([30, 80, 300]),
      partitions,
      staleIfError: cache !== false && chance.is(0.25) ? 3 * MAX_STALENESS_MS : undefined,
    },
    server: { partitions, logCalls: chance.pick([4, 64]) },
    isProbed: chance.is(0.5),
    write: chance.pick([1, 1, 0.3]),
    deliver: chance.pick([10, 10, 3, 1]),
    wait: chance.pick([0.5, 2, 5]),
    watch: some(1),
    clear: some(0.4),
    close: some(0.15),
    cut: some(0.4),
    cutFeed: some(0.4),
    spoil: some(0.5),
    mute: some(0.1),
    hold: some(0.3),
    overtake: some(1),
    mishap: some(1),
    failover: some(0.2),
    pause: some(0.5),
    wipe: some(0.15),
  };
}
