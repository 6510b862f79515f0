import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

/** Connects a client of the given package, as a user would. */
export async function connectClient(packageName, url) {
  const { createClient } = await import(packageName);
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Ends a client of any major version. */
export function endClient(client) {
  return client.destroy === undefined ? client.disconnect() : client.destroy();
}

/** What an open dictionary leaves on what it was lent, in the process and on the server. */
export async function traces(client, signal) {
  const events = client.eventNames().map((event) => [String(event), client.listenerCount(event)]);
  const list = String(await client.sendCommand(['CLIENT', 'LIST']));
  return {
    listeners: Object.fromEntries(events),
    abortListeners: getEventListeners(signal, 'abort').length,
    connections: list.trim().split('\n').length,
    resources: resources(),
  };
}

/** Open handles by type. Node opens the standard streams when it likes. */
function resources() {
  const counts = {};
  for (const name of process.getActiveResourcesInfo()) {
    if (!/^(PipeWrap|TTYWrap|Immediate|TickObject)$/.test(name)) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** The traces when they are as wanted, or as they are after ten seconds. */
export async function tracesLike(wanted, client, signal) {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = await traces(client, signal);
    if (isDeepStrictEqual(found, wanted) || performance.now() > deadline) return found;
    await sleep(10);
  }
}
