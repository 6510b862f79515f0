import { keepAlive } from '../../store/deadline.ts';
import type { Store } from '../../store/store.ts';
import { blockCases } from './cases/blocks.ts';
import { changeLogCases } from './cases/changeLog.ts';
import { closingCases } from './cases/closing.ts';
import { conditionCases } from './cases/conditions.ts';
import { feedCases } from './cases/feed.ts';
import { lostFeedCases } from './cases/lostFeed.ts';
import { messageCases } from './cases/messages.ts';
import { namespaceCases } from './cases/namespaces.ts';
import { readingCases } from './cases/reading.ts';
import { scanCases } from './cases/scans.ts';
import { ticketCases } from './cases/tickets.ts';
import { ttlCases } from './cases/ttls.ts';
import { writingCases } from './cases/writing.ts';
import { type Case, type Cases, type ContractFaults, StoreUnderTest } from './storeUnderTest.ts';

/** One sentence of the contract, as a test of any test runner. */
export interface ContractCase {
  readonly name: string;
  /** Rejects if the store does not keep it. Takes seconds at most. */
  readonly run: () => Promise<void>;
}

const groups: readonly (readonly [group: string, cases: Cases])[] = [
  ['reading', readingCases],
  ['writing', writingCases],
  ['a batch with conditions', conditionCases],
  ['a batch with a ticket', ticketCases],
  ['a time to live', ttlCases],
  ['the feed', feedCases],
  ['a message', messageCases],
  ['the change log', changeLogCases],
  ['a scan', scanCases],
  ['blocks', blockCases],
  ['a namespace', namespaceCases],
  ['after close', closingCases],
];

/**
 * What every store promises, one case per sentence of `Store`, `Space` and `FeedListener`.
 *
 * Each case opens a namespace of its own, and closes what it has opened.
 *
 * @param makeStore - Called anew in each case, or several times where several processes are to see the same data.
 * @param faults - What can be done to its connections. Cases that need a fault that is absent are left out.
 *
 * @example
 * for (const { name, run } of storeContract(() => myStore(connection))) it(name, run);
 */
export function storeContract(makeStore: () => Store, faults: ContractFaults = {}): readonly ContractCase[] {
  const all = faults.cutFeed === undefined ? groups : [...groups, ['a feed that is cut', lostFeedCases] as const];
  return all.flatMap(([group, cases]) =>
    Object.entries(cases).map(([sentence, test]) => ({
      name: `${group} ${sentence}`,
      // What waits for a feed keeps no process alive, and not every test runner does.
      run: () => keepAlive(runOn(makeStore, faults, test)),
    })),
  );
}

async function runOn(makeStore: () => Store, faults: ContractFaults, test: Case): Promise<void> {
  await using underTest = await StoreUnderTest.open(makeStore, faults);
  await test(underTest);
}
