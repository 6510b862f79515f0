import { type MeterProvider, metrics, trace, type TracerProvider } from '@opentelemetry/api';
import type { OpenEvent } from './openDict.ts';
import { DictMetrics } from './otel/dictMetrics.ts';
import { Operations } from './otel/operations.ts';
import { channels } from './telemetry/channels.ts';

/** What `instrument` takes. */
export interface InstrumentOptions {
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Spans name the keys that were read or written, as `neardict.keys`. Default `false`: keys may be personal data. */
  readonly includeKeys?: boolean | undefined;
}

const SCOPE = 'neardict';

/**
 * Reports the dictionaries of this process to OpenTelemetry: a span and a duration for each call to a store, and the
 * counts of `stats()` as metrics by namespace. Reads from memory cost nothing more than without it.
 *
 * Call it once, before dictionaries are opened: those that are open already have spans, but no metrics.
 *
 * @returns Ends it.
 *
 * @example
 * import { instrument } from 'neardict/otel';
 * const stop = instrument();
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const tracer = (options.tracerProvider ?? trace).getTracer(SCOPE);
  const meter = (options.meterProvider ?? metrics).getMeter(SCOPE);
  const operations = new Operations(tracer, meter, options.includeKeys ?? false);
  const dictMetrics = new DictMetrics(meter);
  const opened = (event: unknown): void => {
    dictMetrics.add(event as OpenEvent);
  };
  const reads = operations.subscribers('read');
  const writes = operations.subscribers('write');
  channels.read.subscribe(reads);
  channels.write.subscribe(writes);
  channels.open.subscribe(opened);
  return () => {
    channels.read.unsubscribe(reads);
    channels.write.unsubscribe(writes);
    channels.open.unsubscribe(opened);
    dictMetrics.end();
  };
}
