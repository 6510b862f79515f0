import { AmbiguousWriteError, NearDictError, UnavailableError } from '../errors.ts';

/** A write that waited for its turn until its time was over. */
export function notSent(): UnavailableError {
  return new UnavailableError('The store took no write within `timeout`. This one was not sent.');
}

/** A write that was on its way when the dictionary was closed. */
export function unanswered(): AmbiguousWriteError {
  return new AmbiguousWriteError('The dictionary was closed before the store had answered to the write.');
}

/** What a store has thrown, as what a writer is told. */
export function asWriteError(error: unknown): NearDictError {
  if (error instanceof NearDictError) return error;
  return new AmbiguousWriteError('The store failed in an unexpected way; the write may or may not have happened.', {
    cause: error,
  });
}
