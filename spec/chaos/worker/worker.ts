// Uses a dictionary through a proxy with faults, and reports everything it saw. Started and told what to do by the conductor.
import { openDict, type Store } from 'neardict';
import { type RedisLike, redisStore } from 'neardict/redis';
import type { Notice, Order, WorkerOptions } from '../messages.ts';
import { Notebook } from './notebook.ts';
import { withOldAnswers } from './oldAnswers.ts';
import { type Dictionary, Workload } from './workload.ts';

const REPORT_EVERY_MS = 100;
/** A busy machine takes its time. */
const CONNECT_TIMEOUT_MS = 40_000;

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

/** By a URL, or as a user would who lends his client. */
async function connect(): Promise<{ readonly store: Store; readonly disconnect: () => Promise<unknown> }> {
  if (options.isOwned) return { store: redisStore({ url: options.url }), disconnect: async () => {} };
  const { createClient } = (await import(options.clientPackage)) as {
    createClient: (options: object) => RedisLike & { connect(): Promise<unknown>; quit(): Promise<unknown> };
  };
  const client = createClient({ url: options.url });
  client.on('error', () => {});
  await client.connect();
  return { store: redisStore(client), disconnect: () => client.quit() };
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
