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

/** Yields what `items` does, and throws the signal's reason as soon as it is aborted, without waiting for the next item. */
export async function* abortableEach<I>(
  items: AsyncIterable<I>,
  signal: AbortSignal | undefined,
): AsyncGenerator<I, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await abortable(iterator.next(), signal);
      if (done === true) return;
      yield value;
    }
  } finally {
    // It may wait for an item still, and nobody waits for it.
    iterator.return?.().catch(() => {});
  }
}
