// @ts-check
// A page for Prometheus made of stats(), with the names that OpenTelemetry's exporter gives to the metrics of neardict/otel.
import { createServer } from 'node:http';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

/** @import { DictStats, NearDict } from 'neardict' */

/** @type {readonly [name: string, type: string, valueOf: (stats: DictStats, handle: NearDict) => number][]} */
const metrics = [
  ['neardict_hits_total', 'counter', ({ hits }) => hits],
  ['neardict_misses_total', 'counter', ({ misses }) => misses],
  ['neardict_fills_refused_total', 'counter', ({ fillsRefused }) => fillsRefused],
  ['neardict_messages_total', 'counter', ({ messages }) => messages],
  ['neardict_gaps_total', 'counter', ({ gaps }) => gaps],
  ['neardict_repairs_total', 'counter', ({ repairs }) => repairs],
  ['neardict_flushes_total', 'counter', ({ flushes }) => flushes],
  ['neardict_conflicts_total', 'counter', ({ conflicts }) => conflicts],
  ['neardict_received_bytes_total', 'counter', ({ bytesIn }) => bytesIn],
  ['neardict_sent_bytes_total', 'counter', ({ bytesOut }) => bytesOut],
  ['neardict_entries', 'gauge', ({ entries }) => entries],
  ['neardict_pending_writes', 'gauge', ({ pendingWrites }) => pendingWrites],
  ['neardict_dirty', 'gauge', ({ dirty }) => dirty],
  ['neardict_lag_seconds', 'gauge', ({ lag }) => lag / 1000],
  ['neardict_coherent', 'gauge', (_, { state }) => (state === 'coherent' ? 1 : 0)],
];

/** @param {readonly NearDict[]} handles - One of each namespace. */
function pageOf(handles) {
  const rows = handles.map((handle) => ({ handle, stats: handle.stats() }));
  const lines = metrics.flatMap(([name, type, valueOf]) => [
    `# TYPE ${name} ${type}`,
    ...rows.map(({ handle, stats }) => `${name}{db_namespace="${handle.namespace}"} ${valueOf(stats, handle)}`),
  ]);
  return `${lines.join('\n')}\n`;
}

const settings = await openDict({ namespace: 'example-prometheus', store: exampleStore() });
const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4').end(pageOf([settings]));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));

// What the service does, and what Prometheus asks for.
await settings.set('hello', 'world');
await settings.get('hello');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const page = await fetch(`http://127.0.0.1:${port}/metrics`);
console.log(await page.text());

server.close();
server.closeAllConnections();
await settings.close();
