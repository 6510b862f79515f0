import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tracingChannel } from 'node:diagnostics_channel';
import { metrics as globalMetrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  type MetricData,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type NearDict, openDict } from 'neardict';
import { instrument, type InstrumentOptions } from 'neardict/otel';
import { type TestStore, testStore } from 'neardict/testing';
import { freshNamespace } from '../support/openInMemory.ts';
import { wrapStore } from '../support/wrapStore.ts';

const examples = join(import.meta.dirname, '../../examples');

/** As OpenTelemetry's exporter for Prometheus names a metric. */
function nameInPrometheus({ descriptor, dataPointType, ...rest }: MetricData): string {
  const unit = { s: '_seconds', By: '_bytes' }[descriptor.unit] ?? '';
  const isCounter = dataPointType === DataPointType.SUM && 'isMonotonic' in rest && rest.isMonotonic;
  return `${descriptor.name.replaceAll('.', '_')}${unit}${isCounter ? '_total' : ''}`;
}

/** The names of metrics that stand in a text, each once, in order. */
function metricsIn(text: string | undefined): string[] {
  return [...new Set(text?.match(/\b(neardict|db_client)_[a-z_]+/g))].toSorted();
}

describe('neardict/otel', () => {
  let namespace: string;
  let spans: InMemorySpanExporter;
  let metrics: InMemoryMetricExporter;
  let reader: PeriodicExportingMetricReader;
  let providers: { readonly tracerProvider: BasicTracerProvider; readonly meterProvider: MeterProvider };
  let unreliable: TestStore;
  let stop: () => void;
  let settings: NearDict;

  async function start(options: InstrumentOptions = {}): Promise<void> {
    stop = instrument({ ...providers, ...options });
    settings = await openDict({ namespace, store: unreliable });
  }

  async function exported(): Promise<MetricData[]> {
    metrics.reset();
    await reader.forceFlush();
    return metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  }

  /** The values of a metric by the `db.namespace` that they belong to. */
  async function valuesOf(name: string): Promise<Record<string, unknown>> {
    const points = (await exported())
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }): readonly DataPoint<unknown>[] => dataPoints);
    return Object.fromEntries(points.map(({ attributes, value }) => [String(attributes['db.namespace']), value]));
  }

  beforeEach(() => {
    namespace = freshNamespace();
    unreliable = testStore();
    spans = new InMemorySpanExporter();
    metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 });
    providers = {
      tracerProvider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
      meterProvider: new MeterProvider({ readers: [reader] }),
    };
  });
  afterEach(async () => {
    await settings.close();
    stop();
    await providers.meterProvider.shutdown();
    await providers.tracerProvider.shutdown();
  });

  it('makes a span of each call to the store, by the semantic conventions for databases', async () => {
    await start();

    await settings.set('ada', 7);
    await Promise.all([settings.get('bob'), settings.get('eve')]);
    await settings.get('bob');

    const about = { 'db.system.name': 'memory', 'db.namespace': namespace };
    expect(spans.getFinishedSpans()).toMatchObject([
      { name: `write ${namespace}`, kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } },
      { name: `read ${namespace}`, kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } },
    ]);
    expect(spans.getFinishedSpans().map(({ attributes }) => attributes)).toEqual([
      { ...about, 'db.operation.name': 'write' },
      { ...about, 'db.operation.name': 'read', 'db.operation.batch.size': 2 },
    ]);
  });

  it('names keys only where that is asked for', async () => {
    await start({ includeKeys: true });

    await settings.get('bob');

    expect(spans.getFinishedSpans()).toMatchObject([{ attributes: { 'neardict.keys': ['bob'] } }]);
  });

  it('tells by its code why a call failed, and nothing of the message', async () => {
    await start();
    unreliable.refuse();

    await settings.get('bob').catch(() => {});

    const failed = { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'ERR_NEARDICT_UNAVAILABLE' } };
    expect(spans.getFinishedSpans()).toMatchObject([failed]);
    expect(spans.getFinishedSpans()[0]).toMatchObject({ events: [], status: { code: SpanStatusCode.ERROR } });
  });

  it.each([
    ['a class of errors of others', new TypeError('private'), 'TypeError'],
    ['a code that is none', Object.assign(new RangeError('private'), { code: 5 }), 'RangeError'],
    ['what is no error', 'private', '_OTHER'],
    ['nothing', null, '_OTHER'],
  ])('tells of a call that failed with %s no more than that', async (_what, reason, type) => {
    await start();
    const store = wrapStore(() => ({ read: () => Promise.reject(reason) }));
    await using failing = await openDict({ namespace: freshNamespace(), store });

    await failing.get('bob').catch(() => {});

    expect(spans.getFinishedSpans()).toMatchObject([{ attributes: { 'error.type': type } }]);
    expect(JSON.stringify(spans.getFinishedSpans()[0]?.attributes)).not.toContain('private');
  });

  it('leaves out calls that were under way when it began', async () => {
    await start();
    stop();
    const others = { start() {}, end() {}, asyncStart() {}, asyncEnd() {}, error() {} };
    const channel = tracingChannel('neardict:read');
    channel.subscribe(others);
    const hold = unreliable.hold('read');
    const reading = settings.get('bob');
    await hold.reached;
    stop = instrument(providers);

    hold.end();
    await reading;
    channel.unsubscribe(others);

    expect(spans.getFinishedSpans()).toEqual([]);
    expect(await valuesOf('db.client.operation.duration')).toEqual({});
  });

  it('reports to the global providers where none are given', async () => {
    trace.setGlobalTracerProvider(providers.tracerProvider);
    globalMetrics.setGlobalMeterProvider(providers.meterProvider);
    stop = instrument();
    settings = await openDict({ namespace, store: unreliable });

    await settings.get('ada');
    trace.disable();
    globalMetrics.disable();

    expect(spans.getFinishedSpans()).toMatchObject([{ name: `read ${namespace}` }]);
    expect(await valuesOf('neardict.misses')).toEqual({ [namespace]: 1 });
  });

  it('says of a namespace that it is coherent only while all that are open are', async () => {
    await start();
    await using well = await openDict({ namespace, store: unreliable.elsewhere });
    expect(await valuesOf('neardict.coherent')).toEqual({ [namespace]: 1 });

    unreliable.partition();

    expect(well.state).toBe('coherent');
    expect(await valuesOf('neardict.coherent')).toEqual({ [namespace]: 0 });
    unreliable.heal();
  });

  it('has no levels of a namespace that is closed, and keeps its counts', async () => {
    await start();
    await settings.get('ada');

    await settings.close();

    expect(await valuesOf('neardict.entries')).toEqual({});
    expect(await valuesOf('neardict.coherent')).toEqual({});
    expect(await valuesOf('neardict.misses')).toEqual({ [namespace]: 1 });
  });

  it('counts what the dictionaries of a namespace do together, also those that are closed', async () => {
    await start();
    const other = await openDict({ namespace });
    await other.get('ada');
    await other.get('ada');
    await settings.get('ada');
    const before = await valuesOf('neardict.misses');

    await other.close();

    expect(before).toEqual({ [namespace]: 2 });
    expect(await valuesOf('neardict.misses')).toEqual({ [namespace]: 2 });
    expect(await valuesOf('neardict.hits')).toEqual({ [namespace]: 1 });
    expect(await valuesOf('neardict.entries')).toEqual({ [namespace]: 1 });
    expect(await valuesOf('neardict.coherent')).toEqual({ [namespace]: 1 });
    expect(await valuesOf('neardict.lag')).toEqual({ [namespace]: expect.any(Number) });
  });

  it('measures how long calls take', async () => {
    await start();

    await settings.get('ada');

    expect(await valuesOf('db.client.operation.duration')).toMatchObject({ [namespace]: { count: 1 } });
  });

  it('has the metrics that the page for Prometheus has, and the dashboard shows only those', async () => {
    await start();
    await settings.get('ada');
    const names = (await exported()).map(nameInPrometheus);
    const [page, dashboard] = await Promise.all(
      ['prometheus.js', 'grafana/dashboard.json'].map((file) => readFile(join(examples, file), 'utf8')),
    );
    const duration = 'db_client_operation_duration_seconds';

    expect(metricsIn(page)).toEqual(names.filter((name) => name !== duration).toSorted());
    const shown = metricsIn(dashboard).map((name) => name.replace(`${duration}_bucket`, duration));
    expect(shown.filter((name) => !names.includes(name))).toEqual([]);
    expect(shown).toContain(duration);
  });

  it('reports nothing more when it was ended', async () => {
    await start();
    stop();

    await settings.get('ada');

    expect(spans.getFinishedSpans()).toEqual([]);
    expect(await valuesOf('neardict.misses')).toEqual({});
  });
});
