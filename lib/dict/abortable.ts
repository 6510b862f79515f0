export interface SignalOptions {
  /** Gives the operation up: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

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
    operation.then(resolve, reject).finally(onAbort(signal, abort));
  });
}

/** What waits for each signal. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `act` when the signal is aborted, unless the function that is returned was called before.
 *
 * A signal gets one listener for everything that waits for it: Node takes the eleventh for a leak, and warns.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const acts = waiting.get(signal) ?? listen(signal);
  acts.add(act);
  return () => {
    if (acts.delete(act) && acts.size === 0) ignore(signal);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const acts = new Set<() => void>();
  waiting.set(signal, acts);
  signal.addEventListener('abort', tell);
  return acts;
}

function ignore(signal: AbortSignal): void {
  waiting.delete(signal);
  signal.removeEventListener('abort', tell);
}

function tell(this: AbortSignal): void {
  const acts = waiting.get(this) ?? [];
  ignore(this);
  for (const act of acts) act();
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
