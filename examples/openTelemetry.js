// @ts-check
// Spans of each call to the store, by OpenTelemetry. A service hands them to an exporter; here they are printed.
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { openDict } from 'neardict';
import { instrument } from 'neardict/otel';
import { exampleStore } from './store.js';

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const stop = instrument({ tracerProvider }); // without an argument: the providers that the service has registered

const settings = await openDict({ namespace: 'example-otel', store: exampleStore() });
await settings.setMany({ title: 'A page', theme: 'dark' });
await settings.get('hello', { fresh: true }); // asks the store
await settings.get('hello'); // from memory: no span, no cost

for (const { name, attributes } of exporter.getFinishedSpans())
  console.log(name, 'of', attributes['db.operation.batch.size'] ?? 1);

await settings.clear();
await settings.close();
stop();
await tracerProvider.shutdown();
