import { measureOutage, measureStart } from './outage.ts';
import type { Outcome } from './peerProcess.ts';
import type { Peer } from './stage.ts';
import { cut, type Fault, halfOpen, lostMessage, measureStaleness, type Staleness } from './staleness.ts';

/** A column of the table: one fault, told in a few words for each library. */
export interface Column {
  readonly title: string;
  /**
   * @param survives - The process is kept alive by a handler of uncaught exceptions.
   * @returns `undefined`: the process ended.
   */
  cell(peer: Peer, survives: boolean): Promise<string | undefined>;
}

/** Of so many rounds the worst is told. */
const ROUNDS = 3;

export const columns: readonly Column[] = [
  staleness('feed cut', cut),
  staleness('feed half-open', halfOpen),
  staleness('one message lost', lostMessage),
  outage('Redis gone: a cached read', 'cached'),
  outage('another read', 'uncached'),
  { title: 'started without Redis', cell: async (peer, survives) => tellOutcome(await measureStart(peer, survives)) },
];

function staleness(title: string, fault: Fault): Column {
  return {
    title,
    async cell(peer, survives) {
      let worst: Staleness = { ms: 0, hasCrashed: false, missesNext: false };
      for (let round = 0; round < ROUNDS && worst.ms < Number.POSITIVE_INFINITY; round++) {
        const next = await measureStaleness(peer, fault, survives);
        if (next.hasCrashed) return undefined;
        if (next.ms > worst.ms) worst = next;
      }
      return tellStaleness(worst);
    },
  };
}

function outage(title: string, read: 'cached' | 'uncached'): Column {
  return { title, cell: async (peer, survives) => tellOutcome((await outageOf(peer, survives))[read]) };
}

/** Both kinds of read are made in one outage. */
const outages = new Map<string, ReturnType<typeof measureOutage>>();

function outageOf(peer: Peer, survives: boolean): ReturnType<typeof measureOutage> {
  const key = JSON.stringify([peer.name, survives]);
  const known = outages.get(key) ?? measureOutage(peer, survives);
  outages.set(key, known);
  return known;
}

function tellStaleness({ ms, missesNext }: Staleness): string {
  if (ms < Number.POSITIVE_INFINITY) return seconds(ms);
  return missesNext ? 'for ever, misses the next too' : 'for ever';
}

function tellOutcome(outcome: Outcome): string | undefined {
  if (outcome.type === 'crashed') return undefined;
  if (outcome.type === 'hung') return 'hangs';
  if (outcome.type === 'rejected') return `rejects after ${seconds(outcome.ms)}`;
  return outcome.value === undefined ? 'says "missing"' : 'the cached value';
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
