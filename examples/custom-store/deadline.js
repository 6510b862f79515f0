// @ts-check

/** @import { Deadline } from 'neardict' */

/**
 * Settles as `promise` does, or rejects at the deadline.
 *
 * @template V
 * @param {Promise<V>} promise
 * @param {Deadline} deadline
 * @param {boolean} [isIdle] - Waiting keeps no process alive.
 * @returns {Promise<V>}
 */
export function within(promise, deadline, isIdle = false) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('It did not answer in time.'));
    }, deadline - performance.now());
    if (isIdle) timer.unref();
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
