// Uses a dictionary through a proxy with faults, and reports everything it saw. Started and told what to do by the conductor.
import { openDict, type Store } from 'neardict';
import { type RedisClusterLike, type RedisLike, redisStore } from 'neardict/redis';
import type { Notice, Order, WorkerOptions } from '../messages.ts';
import { Notebook } from './notebook.ts';
import { withOldAnswers } from './oldAnswers.ts';
import { type Dictionary, Workload } from './workload.ts';

const REPORT_EVERY_MS = 100;
/** A busy machine takes its time. */
const CONNECT_TIMEOUT_MS = 40_000;

interface Connectable {
  connect(): Promise<unknown>;
  quit(): Promise<unknown>;
  /** node-redis 4, and 5 and 6. */
  disconnect?(): Promise<unknown>;
  destroy?(): void;
  on(event: string, listener: () => void): unknown;
}
interface ClientModule {
  readonly createClient: (options: object) => RedisLike & Connectable;
  readonly createCluster: (options: object) => RedisClusterLike & Connectable;
}

const options = JSON.parse(process.argv[2] ?? '') as WorkerOptions;
const notebook = new Notebook();
process.on('unhandledRejection', (reason) => {
  notebook.problem(`unhandled rejection: ${textOf(reason)}`);
});
process.on('uncaughtException', (error) => {
  notebook.problem(`uncaught exception: ${textOf(error)}`);
});

const { store, disconnect } = await connect();
const handle = await openDict<Record<string, string>>({
  namespace: options.namespace,
  store,
  maxStaleness: options.maxStalenessMs,
  timeout: options.timeoutMs,
  cache: { maxItems: options.maxItems },
  inlineBytes: options.inlineBytes,
  partitions: options.partitions,
  connectTimeout: CONNECT_TIMEOUT_MS,
}).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
const honest: Dictionary = {
  get: (key, how) => handle.get(key, how),
  getMany: (keys) => handle.getMany(keys),
  peek: (key) => handle.peek(key),
  set: (key, value) => handle.set(key, value),
  setMany: (entries) => handle.setMany(entries),
  delete: (key) => handle.delete(key),
  deleteMany: (keys) => handle.deleteMany(keys),
  clear: () => handle.clear(),
};
const dictionary = options.givesOldAnswers ? withOldAnswers(honest, options.maxStalenessMs) : honest;
const workload = new Workload(dictionary, notebook, options);
const reports = setInterval(report, REPORT_EVERY_MS);
process.on('message', (order: Order) => {
  void obey(order);
});
process.once('disconnect', () => {
  // The conductor is gone: nobody is left to report to.
  if (!isEnding) process.exit(1);
});
let isEnding = false;
tell({ type: 'open' });

async function obey(order: Order): Promise<void> {
  switch (order.type) {
    case 'start':
      workload.start();
      return;
    case 'enter':
      tellAfterReport({ type: 'left', epoch: await workload.enter(order.epoch) });
      return;
    case 'sweep':
      await workload.sweep(order.epoch);
      tellAfterReport({ type: 'swept', epoch: order.epoch });
      return;
    case 'block':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.ms);
      tell({ type: 'unblocked' });
      return;
    case 'halt':
      tellAfterReport({ type: 'left', epoch: await workload.halt() });
      return;
    case 'end':
      isEnding = true;
      await handle.close();
      await disconnect();
      clearInterval(reports);
      notebook.close();
      report();
      process.disconnect();
  }
}

/** By URLs, or as a user would who lends his client. */
async function connect(): Promise<{ readonly store: Store; readonly disconnect: () => Promise<unknown> }> {
  const { urls, isOwned, clientPackage, shardedPubSub = false } = options;
  const [url = ''] = urls;
  const rootNodes = urls.map((each) => ({ url: each }));
  const isCluster = urls.length > 1;
  if (isOwned) return { store: redisStore(isCluster ? { rootNodes } : { url }), disconnect: async () => {} };
  const { createClient, createCluster } = (await import(clientPackage)) as ClientModule;
  const client = isCluster ? createCluster({ rootNodes, defaults: { socket: {} } }) : createClient({ url });
  client.on('error', () => {});
  await client.connect();
  // The client of a cluster may wait for a server that is gone.
  const end = async (): Promise<unknown> => client.destroy?.() ?? client.disconnect?.();
  return { store: redisStore(client, { shardedPubSub }), disconnect: isCluster ? end : () => client.quit() };
}

function report(): void {
  const { hits, misses } = handle.stats();
  tell({ type: 'report', ...notebook.tearOut(), hits, misses, heapBytes: process.memoryUsage().heapUsed });
}

function tellAfterReport(notice: Notice): void {
  report();
  tell(notice);
}

function tell(notice: Notice): void {
  process.send?.(notice);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
