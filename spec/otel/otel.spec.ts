import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
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
