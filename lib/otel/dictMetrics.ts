import type { BatchObservableCallback, Meter, MetricOptions, Observable } from '@opentelemetry/api';
import type { DictStats, NearDict } from '../dict/nearDict.ts';
import type { OpenEvent } from '../openDict.ts';

type CountName =
  | 'hits'
  | 'misses'
  | 'fillsRefused'
  | 'messages'
  | 'gaps'
  | 'repairs'
  | 'flushes'
  | 'conflicts'
  | 'bytesIn'
  | 'bytesOut';

/** Each with its name, and its unit in the notation of UCUM. */
const counts: readonly (readonly [CountName, string, MetricOptions])[] = [
  ['hits', 'neardict.hits', { unit: '{read}', description: 'Reads answered from memory.' }],
  ['misses', 'neardict.misses', { unit: '{read}', description: 'Reads that asked the store.' }],
  ['fillsRefused', 'neardict.fills_refused', { unit: '{read}', description: 'Replies that were not kept.' }],
  ['messages', 'neardict.messages', { unit: '{message}', description: 'Messages received.' }],
  ['gaps', 'neardict.gaps', { unit: '{gap}', description: 'Times that messages were found missing.' }],
  [
    'repairs',
    'neardict.repairs',
    { unit: '{repair}', description: 'Times that changes were missed and entries dropped.' },
  ],
  ['flushes', 'neardict.flushes', { unit: '{call}', description: 'Calls that flushed edited keys, with write-back.' }],
  ['conflicts', 'neardict.conflicts', { unit: '{key}', description: 'Keys whose flush met a change by others.' }],
  ['bytesIn', 'neardict.received', { unit: 'By', description: 'Bytes of values read from the store.' }],
  ['bytesOut', 'neardict.sent', { unit: 'By', description: 'Bytes of values written to the store.' }],
];

/** What the dictionaries of one namespace make together. */
const levels: readonly (readonly [
  name: string,
  MetricOptions,
  (handles: readonly NearDict[], stats: readonly DictStats[]) => number,
])[] = [
  ['neardict.entries', { unit: '{entry}', description: 'Entries in memory.' }, (_, stats) => sumOf(stats, 'entries')],
  [
    'neardict.pending_writes',
    { unit: '{write}', description: 'Writes that are not in the store yet.' },
    (_, stats) => sumOf(stats, 'pendingWrites'),
  ],
  [
    'neardict.dirty',
    { unit: '{key}', description: 'Edited keys, with write-back.' },
    (_, stats) => sumOf(stats, 'dirty'),
  ],
  [
    'neardict.lag',
    { unit: 's', description: 'Time since the cache was last proven equal to the store.' },
    (_, stats) => Math.max(...stats.map(({ lag }) => lag)) / 1000,
  ],
  [
    'neardict.coherent',
    { description: '1 while the state is coherent, else 0.' },
    (handles) => (handles.every(({ state }) => state === 'coherent') ? 1 : 0),
  ],
];

/** What dictionaries of one namespace have counted, and which are open. */
interface Group {
  readonly handles: Set<NearDict>;
  /** Counts of those that are closed. */
  readonly past: Map<CountName, number>;
}

/** Shows the counts of `stats()` as metrics by namespace. */
export class DictMetrics {
  readonly #groups = new Map<string, Group>();
  readonly #end: () => void;

  constructor(meter: Meter) {
    const counters = counts.map(([, name, options]) => meter.createObservableCounter(name, options));
    const gauges = levels.map(([name, options]) => meter.createObservableGauge(name, options));
    const observables: Observable[] = [...counters, ...gauges];
    const observe: BatchObservableCallback = (result) => {
      for (const [namespace, { handles, past }] of this.#groups) {
        const attributes = { 'db.namespace': namespace };
        const open = [...handles];
        const stats = open.map((handle) => handle.stats());
        counts.forEach(([count], index) => {
          result.observe(counters[index] as Observable, sumOf(stats, count) + (past.get(count) ?? 0), attributes);
        });
        if (open.length === 0) continue;
        levels.forEach(([, , levelOf], index) => {
          result.observe(gauges[index] as Observable, levelOf(open, stats), attributes);
        });
      }
    };
    meter.addBatchObservableCallback(observe, observables);
    this.#end = () => {
      meter.removeBatchObservableCallback(observe, observables);
    };
  }

  add({ namespace, handle }: OpenEvent): void {
    const group = this.#groups.get(namespace) ?? { handles: new Set(), past: new Map() };
    this.#groups.set(namespace, group);
    group.handles.add(handle);
    handle.on('close', () => {
      const stats = handle.stats();
      group.handles.delete(handle);
      for (const [count] of counts) group.past.set(count, (group.past.get(count) ?? 0) + stats[count]);
    });
  }

  end(): void {
    this.#end();
    this.#groups.clear();
  }
}

function sumOf(stats: readonly DictStats[], name: keyof DictStats): number {
  return stats.reduce((total, each) => total + each[name], 0);
}
