import { context, propagation, trace } from '@opentelemetry/api';
import type { Component, Logger } from '@slipway/kernel';
import { traceparentPropagator } from './traceparent.ts';

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP receiver, e.g. `http://127.0.0.1:4318`; `/v1/traces` is added. */
  readonly endpoint: URL;
  readonly service: string;
  readonly version: string;
  /** Share of new traces that are kept, 0..1; a caller's decision is followed. */
  readonly sampleRatio: number;
  readonly log: Logger;
}

/** Spans waiting for the receiver; more are dropped, so that a dead receiver costs memory of a known size. */
const QUEUE_SPANS_MAX = 4_096;
const BATCH_SPANS_MAX = 512;
const FLUSH_INTERVAL_MS = 2_000;
const EXPORT_TIMEOUT_MS = 5_000;

/** Sends spans by OTLP. The SDK is loaded at `start`, so that a process without tracing does not pay for it. */
export function createTracing(options: TracingOptions): Component {
  let provider: { shutdown(): Promise<void> } | undefined;
  return {
    name: 'tracing',
    start: async () => {
      provider = await install(options);
    },
    stop: async () => {
      const installed = provider;
      provider = undefined;
      if (!installed) return;
      try {
        await installed.shutdown(); // sends what is queued
      } catch (error) {
        // lost spans must not turn a clean exit into a failed one
        options.log.warn({ err: error }, 'the last spans were not delivered');
      }
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

async function install(options: TracingOptions): Promise<{ shutdown(): Promise<void> }> {
  const [sdk, { OTLPTraceExporter }, { AsyncLocalStorageContextManager }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/resources'),
    ]);
  const base = options.endpoint.href.replace(/\/+$/, '');
  const exporter = new OTLPTraceExporter({ url: `${base}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service, 'service.version': options.version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(options.sampleRatio) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(exporter, {
        maxQueueSize: QUEUE_SPANS_MAX,
        maxExportBatchSize: BATCH_SPANS_MAX,
        scheduledDelayMillis: FLUSH_INTERVAL_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceparentPropagator);
  trace.setGlobalTracerProvider(provider);
  return provider;
}
