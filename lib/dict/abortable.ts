/** Settles as `operation` does, or rejects with the signal's reason as soon as it is aborted. */
export function abortable<V>(operation: Promise<V>, signal: AbortSignal | undefined): Promise<V> {
  return signal === undefined ? operation : orAbort(operation, signal, () => signal.reason as Error);
}

/**
 * Settles as `operation` does, or rejects when the signal is aborted.
 *
 * @param reason - Called once, at the moment of the abort: what to reject with.
 */
export function orAbort<V>(operation: Promise<V>, signal: AbortSignal, reason: () => Error): Promise<V> {
  return new Promise<V>((resolve, reject) => {
    const abort = (): void => {
      reject(reason());
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    operation.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
