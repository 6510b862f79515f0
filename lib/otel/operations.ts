import type { TracingChannelSubscribers } from 'node:diagnostics_channel';
import {
  type Attributes,
  type Histogram,
  type Meter,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import type { ReadEvent, WriteEvent } from '../telemetry/channels.ts';

/** Of the semantic conventions for database clients, in seconds. */
const BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

interface Started {
  readonly span: Span;
  readonly at: number;
  readonly attributes: Attributes;
}

/** Makes a span and a duration of each call to a store, by the semantic conventions for database clients. */
export class Operations {
  readonly #tracer: Tracer;
  readonly #duration: Histogram;
  readonly #includeKeys: boolean;
  readonly #started = new WeakMap<ReadEvent | WriteEvent, Started>();

  constructor(tracer: Tracer, meter: Meter, includeKeys: boolean) {
    this.#tracer = tracer;
    this.#includeKeys = includeKeys;
    this.#duration = meter.createHistogram('db.client.operation.duration', {
      description: 'Duration of a call to a store.',
      unit: 's',
      advice: { explicitBucketBoundaries: BOUNDARIES },
    });
  }

  subscribers(operation: 'read' | 'write'): TracingChannelSubscribers<ReadEvent | WriteEvent> {
    return {
      start: (event) => {
        this.#start(operation, event);
      },
      asyncStart: (event) => {
        this.#end(event);
      },
      end() {},
      asyncEnd() {},
      error() {},
    };
  }

  #start(operation: 'read' | 'write', event: ReadEvent | WriteEvent): void {
    const { namespace, store, keys } = event;
    const attributes = { 'db.system.name': store, 'db.operation.name': operation, 'db.namespace': namespace };
    const span = this.#tracer.startSpan(`${operation} ${namespace}`, { kind: SpanKind.CLIENT, attributes });
    if (keys.length > 1) span.setAttribute('db.operation.batch.size', keys.length);
    if (this.#includeKeys) span.setAttribute('neardict.keys', [...keys]);
    this.#started.set(event, { span, at: performance.now(), attributes });
  }

  #end(event: ReadEvent | WriteEvent): void {
    const started = this.#started.get(event);
    if (started === undefined) return;
    const { span, at, attributes } = started;
    const failure = 'error' in event ? { 'error.type': typeOf(event.error) } : {};
    this.#duration.record((performance.now() - at) / 1000, { ...attributes, ...failure });
    // The message of an error may name a key.
    if ('error' in event) span.setAttributes(failure).setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}

function typeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : '_OTHER';
}
