// @ts-check
import { fork } from 'node:child_process';

/** @import { Side } from './side.js' */

/** @typedef {{ id: number, method: string, args: readonly unknown[] }} Call */
/** @typedef {{ id: number, result?: unknown, error?: string }} Answer */
/** @typedef {{ resolve(result: unknown): void, reject(error: Error): void }} Waiter */

/** @type {(keyof Side)[]} */
const methods = ['readAll', 'startReading', 'stopReading', 'caughtUp', 'peekAll', 'getAll', 'close'];

/**
 * Starts a process of its own for a side. It ends with `close()`, or with this process.
 *
 * @returns {Side}
 */
export function startRemoteSide() {
  const child = fork(new URL('worker.js', import.meta.url), { serialization: 'advanced' });
  /** @type {Map<number, Waiter>} */
  const waiters = new Map();
  let calls = 0;

  child.on('message', (/** @type {Answer} */ { id, result, error }) => {
    const waiter = waiters.get(id);
    waiters.delete(id);
    if (error === undefined) waiter?.resolve(result);
    else waiter?.reject(new Error(error));
  });
  child.once('exit', () => {
    for (const waiter of waiters.values())
      waiter.reject(new Error('The second process ended before its work was done.'));
  });
  const call =
    (/** @type {string} */ method) =>
    (/** @type {unknown[]} */ ...args) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        waiters.set(id, { resolve, reject });
        child.send({ id, method, args }, (error) => error && reject(error));
      });

  const side = /** @type {Side} */ (Object.fromEntries(methods.map((method) => [method, call(method)])));
  return {
    ...side,
    async close() {
      try {
        await side.close();
      } finally {
        if (child.connected) child.disconnect();
      }
    },
  };
}
